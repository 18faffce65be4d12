import Foundation

extension ConnectionText {
    /// Why a text is neither a URI nor `key=value` pairs nor the name of a database: libpq would take it for a name and send
    /// it to the server, where a password in it ends in the log. Nil: it may be tried. The text itself is never shown.
    var refusal: String? {
        if text.isEmpty { return nil }
        let what = "the connection string (DATABASE_URL, SOURCE_DATABASE_URL or an option; not shown, it may hold a password)"
        if let flaw = Self.flaw(text) { return "\(what) \(flaw)" }
        for keyword in ["dbname", "host", "hostaddr", "user", "port", "service"] {
            if let value = values?[keyword], Self.looksLikeURI(value) { return "\(what) holds a URL as its \(keyword)" }
        }
        return nil
    }

    private static func flaw(_ text: String) -> String? {
        if text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            return "holds a line break or another control character"
        }
        if isURI(text) {
            guard let last = text.unicodeScalars.last, !isBlankOrQuote(last) else {
                return "ends with a blank or a quotation mark"
            }
            return nil
        }
        guard let first = text.unicodeScalars.first else { return nil }
        // Pairs begin with a keyword; libpq skips blanks before it.
        if text.prefixMatch(of: /\s*[A-Za-z_]+\s*=/) != nil { return nil }
        if isBlankOrQuote(first) { return "begins with a blank or a quotation mark" }
        if text.lowercased().hasPrefix("jdbc:") { return "begins with jdbc:, which only Java's drivers read" }
        if isURI(text.lowercased()) { return "begins with a scheme in capital letters" }
        guard text.unicodeScalars.allSatisfy(mayName) else {
            return "looks like a URL and is none that PostgreSQL reads: it does not begin with postgresql:// or postgres://"
        }
        return nil
    }

    static func looksLikeURI(_ value: String) -> Bool {
        let lower = value.lowercased()
        return lower.contains("://") || ["jdbc:", "postgres:", "postgresql:"].contains(where: lower.contains)
    }

    private static func isURI(_ text: String) -> Bool {
        text.hasPrefix("postgresql://") || text.hasPrefix("postgres://")
    }

    private static func isBlankOrQuote(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace || scalar.properties.isQuotationMark || scalar == "`"
    }

    /// Characters of a database's name that is given alone; others go with `dbname='…'`.
    private static func mayName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "_-.$+#~".unicodeScalars.contains(scalar)
    }
}

/// libpq's variables of the environment.
enum ConnectionVariables {
    /// Why one of them cannot be what it is used for: a URL that was put into `PGHOST`, say.
    static var refusal: String? {
        let environment = ProcessInfo.processInfo.environment
        for name in ["PGDATABASE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGSERVICE"] {
            guard let value = environment[name], ConnectionText.looksLikeURI(value) else { continue }
            return "the environment variable \(name) holds a URL (not shown, it may hold a password); URLs go into DATABASE_URL"
        }
        return nil
    }
}

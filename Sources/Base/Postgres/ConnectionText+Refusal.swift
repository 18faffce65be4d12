import Foundation

extension ConnectionText {
    /// The reason why the text is neither a URI nor `key=value` pairs nor a database name, nil if it may be tried.
    /// libpq would send such a text to the server as a name, and a password in it would end up in the server's log. The
    /// text itself is never shown.
    var refusal: String? {
        if text.isEmpty { return nil }
        let what =
            "the connection string (DATABASE_URL, SOURCE_DATABASE_URL or an option; not shown, it may hold a password)"
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
            return
                "looks like a URL but not like one that PostgreSQL reads: it does not begin with postgresql:// or "
                + "postgres://"
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

    /// Returns whether a character may occur in a database name given alone; other names need `dbname='…'`.
    private static func mayName(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil
            || "_-.$+#~".unicodeScalars.contains(scalar)
    }
}

/// libpq's environment variables.
enum ConnectionVariables {
    /// The reason why one of them cannot hold what it holds: a URL in `PGHOST`, for example.
    static var refusal: String? {
        let environment = ProcessInfo.processInfo.environment
        for name in ["PGDATABASE", "PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGSERVICE"] {
            guard let value = environment[name], ConnectionText.looksLikeURI(value) else { continue }
            return
                "the environment variable \(name) holds a URL (not shown, it may hold a password); URLs go into "
                + "DATABASE_URL"
        }
        return nil
    }
}

import CLibPQ

/// A connection string as the user wrote it, searched for passwords.
struct ConnectionText {
    let text: String

    init(_ text: String) {
        self.text = text
    }

    /// How libpq reads the text.
    private enum Reading {
        case clear(passwords: [String])
        /// Part of a password may have been taken for a host, port or database.
        case ambiguous
        case malformed
    }

    var holdsPassword: Bool {
        if case .clear(let passwords) = reading { return !passwords.isEmpty }
        return mayHoldPassword
    }

    /// Returns libpq's message without anything that may be a password; nil if any word of it may be one.
    func redacted(_ message: String) -> String? {
        guard mayHoldPassword else { return message }
        switch reading {
        case .clear: return message
        case .ambiguous: return nil
        case .malformed:
            // libpq quotes what it stumbles over, which may hold quotation marks itself.
            guard let first = message.firstIndex(of: "\""), let last = message.lastIndex(of: "\""), first < last else {
                return message
            }
            return message[...first] + "…" + message[last...]
        }
    }

    private var reading: Reading {
        var problem: UnsafeMutablePointer<CChar>?
        let options = PQconninfoParse(text, &problem)
        defer {
            PQconninfoFree(options)
            PQfreemem(problem)
        }
        // A string without = that is not a URI is the name of a database.
        guard options != nil else { return isConnectionString ? .malformed : .clear(passwords: []) }
        let values = Self.values(of: options)
        guard let authority = afterScheme else { return .clear(passwords: Self.passwords(of: values)) }
        let credentials = authority.prefix { !"/?@".contains($0) }
        let ats = authority.count { $0 == "@" }
        let isPlain = ats == 0 || ats == 1 && authority.dropFirst(credentials.count).first == "@"
        let hasPort = (values["port"] ?? "").allSatisfy { $0.isASCII && $0.isNumber || $0 == "," }
        return isPlain && hasPort ? .clear(passwords: Self.passwords(of: values)) : .ambiguous
    }

    /// The values by keyword; nil if libpq cannot read the text.
    var values: [String: String]? {
        let options = PQconninfoParse(text, nil)
        defer { PQconninfoFree(options) }
        return options == nil ? nil : Self.values(of: options)
    }

    private static func values(of options: UnsafeMutablePointer<PQconninfoOption>?) -> [String: String] {
        var values: [String: String] = [:]
        var option = options
        while let keyword = option?.pointee.keyword {
            if let value = option?.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option = option.map { $0 + 1 }
        }
        return values
    }

    private static func passwords(of values: [String: String]) -> [String] {
        ["password", "sslpassword"].compactMap { values[$0] }.filter { !$0.isEmpty }
    }

    private var mayHoldPassword: Bool {
        text.lowercased().contains("password") || afterScheme?.contains { "@:".contains($0) } == true
    }

    private var isConnectionString: Bool { text.contains("=") || afterScheme != nil }

    private var afterScheme: Substring? {
        for scheme in ["postgresql://", "postgres://"] where text.hasPrefix(scheme) {
            return text.dropFirst(scheme.count)
        }
        return nil
    }
}

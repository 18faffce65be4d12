import CLibPQ

/// libpq's keywords and their values, combined from the connection string, the environment and a service file.
struct ConnectionOptions {
    private let values: [String: String]

    /// - Parameter settings: A wrong connection string gives no values; connecting then reports what is wrong.
    init(_ settings: ConnectionSettings) {
        // libpq resolves the values before it looks at hosts, and three ports for one host end the attempt there.
        let handle = CStrings.with(["dbname", "host", "port"]) { keys in
            CStrings.with([settings.conninfo, "/", "1,2,3"]) { values in PQconnectStartParams(keys, values, 1) }
        }
        defer { PQfinish(handle) }
        let options = PQconninfo(handle)
        defer { PQconninfoFree(options) }
        var values: [String: String] = [:]
        var option = options
        while let keyword = option?.pointee.keyword {
            if let value = option?.pointee.val { values[String(cString: keyword)] = String(cString: value) }
            option = option.map { $0 + 1 }
        }
        self.values = values
    }

    /// Keywords that nobody set, with values that detect a dead peer within two minutes, not hours.
    var missingDefaults: [(keyword: String, value: String)] {
        Self.defaults.filter { (values[$0.keyword] ?? "").isEmpty }
    }

    /// Returns the user's server options followed by others, which therefore take precedence.
    func serverOptions(followedBy others: String) -> String {
        [values["options"] ?? "", others].filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static let defaults = [
        ("connect_timeout", "10"), ("keepalives", "1"), ("keepalives_idle", "30"), ("keepalives_interval", "10"),
        ("keepalives_count", "3"), ("tcp_user_timeout", "60000"),
    ].map { (keyword: $0.0, value: $0.1) }
}

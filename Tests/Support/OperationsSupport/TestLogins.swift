import TestSupport

/// URLs of logins that are members of one role each.
package struct TestLogins {
    package let logs, writer, reports: String

    package static func with(_ url: String, _ body: (TestLogins) throws -> Void) throws {
        let admin = try TestDatabase.connect(url)
        let name = try admin.execute("SELECT current_database() AS name").first?.text("name") ?? ""
        let roles = ["log_reader", "writer", "report_reader"]
        defer { for role in roles { try? admin.script("DROP ROLE IF EXISTS \(name)_\(role)") } }
        for role in roles { try admin.script("CREATE ROLE \(name)_\(role) LOGIN IN ROLE rocket_\(role)") }
        func login(_ role: String) -> String { url.replacing("user=rocket", with: "user=\(name)_\(role)") }
        try body(TestLogins(logs: login("log_reader"), writer: login("writer"), reports: login("report_reader")))
    }
}

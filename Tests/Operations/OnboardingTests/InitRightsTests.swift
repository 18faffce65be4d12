import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// `rocket init` and `rocket config check` of a role that may not read everything.
@Suite struct InitRightsTests {
    /// A login without any rights, which goes with the body.
    static func withRole(_ url: String, _ body: (_ role: String, _ admin: Connection, _ login: String) throws -> Void)
        throws
    {
        let admin = try TestDatabase.connect(url)
        let database = try #require(try admin.execute("SELECT current_database() AS name").first).text("name")
        let role = "\(database)_reader"
        try admin.script("CREATE ROLE \(role) LOGIN")
        defer { try? admin.script("DROP OWNED BY \(role); DROP ROLE \(role)") }
        try body(role, admin, url.replacing("user=rocket", with: "user=\(role)"))
    }

    @Test(
        "A right that is lacking is said with its GRANT, statement by statement, until init and the check do their work"
    )
    func grants() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            let draft = try InitTests.draft(url).text
            try withTemporaryFolder { folder in
                let job = "\(folder)/job.yaml"
                try draft.write(toFile: job, atomically: true, encoding: .utf8)
                try Self.withRole(url) { role, admin, login in
                    for (granted, says) in [
                        (
                            "",
                            "role \(role) may not read log.shown: GRANT USAGE ON SCHEMA log TO \(role); GRANT SELECT ON"
                        ),
                        (
                            "GRANT USAGE ON SCHEMA log TO \(role)",
                            "log.shown: GRANT SELECT ON \"log\".\"shown\" TO \(role);"
                        ),
                        (
                            "GRANT SELECT ON log.shown TO \(role)",
                            "role \(role) may not read log.hits: GRANT SELECT ON \"log\".\"hits\" TO \(role);"
                        ),
                    ] {
                        if !granted.isEmpty { try admin.script(granted) }
                        let drafted = try InitTests.draft(login).result
                        #expect(drafted.code == 7 && drafted.errors.contains(says), "\(drafted.errors)")
                        let checked = try RocketProgram.rocket(["config", "check", job, "--database"], database: login)
                        #expect(checked.code == 7 && checked.errors.contains(says), "\(checked.errors)")
                        #expect(!drafted.errors.contains("there is no table") && !drafted.errors.contains("unique"))
                    }
                    try admin.script("GRANT SELECT ON log.hits TO \(role)")
                    let (drafted, text) = try InitTests.draft(login)
                    #expect(drafted.code == 0 && text == draft, "\(drafted.errors)")
                }
            }
        }
    }

    @Test("A column that the role may not read is left out with its GRANT, and cannot be named as a key or a time")
    func columns() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            try Self.withRole(url) { role, admin, login in
                try admin.script(
                    """
                    GRANT USAGE ON SCHEMA log TO \(role);
                    GRANT SELECT (id, at, item, slot) ON log.shown TO \(role); GRANT SELECT ON log.hits TO \(role);
                    """)
                let (drafted, text) = try InitTests.draft(login)
                #expect(drafted.code == 0 && !text.contains("{name: person"), "\(drafted.errors)")
                let grant = "GRANT SELECT (\"person\") ON \"log\".\"shown\" TO \(role);"
                #expect(text.contains("#   person: this role may not read it: \(grant)"), "\(text)")
                let named = try InitTests.draft(login, "log.shown", "log.hits", ["--impression-id", "person"])
                #expect(named.result.code == 7 && named.result.errors.contains(grant), "\(named.result.errors)")
            }
        }
    }
}

import Foundation
import OperationsSupport
import Postgres
import TestSupport
import Testing

/// Each row of the page BadNights, as a night of the real program on a real database.
@Suite(BadNightTemplate()) struct BadNightsTests {
    @Test("The table has a case for each row, and a row for each case")
    func table() throws {
        let rows = try BadNightRow.table().map(\.number)
        #expect(rows == Array(1...rows.count) && rows.count >= 30)
        #expect(BadNight.all.map(\.number) == rows)
    }

    @Test("A night without trouble makes a version that goes live, so that each bad night can be told from it")
    func good() throws {
        let good = BadNightRow(
            number: 0, happened: "nothing", code: 0, says: [], version: .live, ledger: "done")
        try Self.night(BadNight(number: 0), ends: good)
    }

    @Test("A bad night ends as its row of the table says", arguments: BadNight.all)
    func ends(_ night: BadNight) throws {
        let row = try #require(try BadNightRow.table().first { $0.number == night.number })
        try Self.night(night, ends: row)
    }

    private static func night(_ night: BadNight, ends row: BadNightRow) throws {
        let template = try #require(BadNightTemplate.current)
        try template.copy(night.number) { scene in
            var scene = scene
            try night.job(BadNight.jobFile(cache: "\(scene.folder)/cache"))
                .write(toFile: scene.job, atomically: true, encoding: .utf8)
            if let sql = night.sql { try TestDatabase.connect(scene.url).script(sql) }
            let kept = try night.event(&scene)
            let before = try State(scene.url)
            let result = try RocketProgram.rocket(
                ["nightly", "--quiet", "--job", scene.job, "--as-of", night.asOf], database: scene.jobURL)
            withExtendedLifetime(kept) {}
            let after = try State(scene.url)

            #expect(result.code == row.code, "\(row.happened): \(result.errors)")
            for words in row.says { #expect(result.errors.contains(words), "\(row.happened): \(result.errors)") }
            #expect(!result.errors.contains("Fatal error") && !result.errors.contains("please report"))
            try expectVersions(before, after, row)
            try expectLedger(before, after, row, result)
            if let proof = night.proof {
                let connection = try TestDatabase.connect(scene.url)
                #expect(try connection.execute("SELECT \(proof) AS holds").first?.bool("holds") == true)
            }
            #expect(scene.hasCheckpoint == night.leavesCheckpoint, "\(row.happened)")
        }
    }

    private static func expectVersions(_ before: State, _ after: State, _ row: BadNightRow) throws {
        let made = after.versions.filter { version, _ in before.versions[version] == nil }
        switch row.version {
        case .none:
            #expect(after.versions == before.versions, "\(row.happened)")
        case .candidate:
            #expect(Array(made.values) == ["candidate"], "\(row.happened)")
            #expect(after.versions.filter { before.versions[$0.key] != nil } == before.versions, "\(row.happened)")
        case .live:
            #expect(Array(made.values) == ["live"], "\(row.happened)")
        }
        #expect(after.halfVersions == 0)
        #expect(after.artifacts.filter { before.artifacts[$0.key] != nil } == before.artifacts)
    }

    private static func expectLedger(
        _ before: State, _ after: State, _ row: BadNightRow, _ result: RocketProgram.Result
    ) throws {
        let runs = after.runs.filter { run in !before.runs.contains { $0.number == run.number } }
        guard let status = row.ledger else {
            #expect(runs.isEmpty, "\(row.happened)")
            return
        }
        #expect(runs.count == 1, "\(row.happened)")
        let run = try #require(runs.first)
        #expect(run.status == status && run.code == Int(row.code), "\(row.happened): \(run)")
        #expect((run.error == nil) == (status != "failed"))
        if let error = run.error { #expect(result.errors.contains(error), "\(row.happened): \(error)") }
    }

    /// What a night may not spoil.
    private struct State {
        /// Number and state.
        var versions: [Int: String] = [:]
        /// Number and SHA-256 of all its bytes.
        var artifacts: [Int: String] = [:]
        /// Versions some of whose artifacts, reports or inputs are missing.
        var halfVersions = 0
        var runs: [Run] = []

        struct Run {
            let number: Int
            let status: String
            let code: Int?
            let error: String?
        }

        init(_ url: String) throws {
            let connection = try TestDatabase.connect(url)
            for row in try connection.execute("SELECT version, state FROM rocket.model_versions") {
                versions[try row.int("version")] = try row.text("state")
            }
            for row in try connection.execute(
                """
                SELECT version, encode(sha256(string_agg(sha256(data), ''::bytea ORDER BY name, chunk)), 'hex') AS bytes
                FROM rocket.artifact_chunks GROUP BY version
                """)
            {
                artifacts[try row.int("version")] = try row.text("bytes")
            }
            halfVersions =
                try connection.execute(
                    """
                    SELECT count(*) AS n FROM rocket.model_versions v
                    WHERE (SELECT count(*) FROM rocket.artifacts a WHERE a.version = v.version) < 3
                       OR EXISTS (SELECT FROM rocket.artifacts a WHERE a.version = v.version AND a.bytes <> (
                            SELECT coalesce(sum(length(c.data)), 0) FROM rocket.artifact_chunks c
                            WHERE c.version = a.version AND c.name = a.name))
                       OR (SELECT count(*) FROM rocket.evaluation_reports e WHERE e.version = v.version) < 2
                       OR NOT EXISTS (SELECT FROM rocket.version_inputs i WHERE i.version = v.version)
                       OR NOT EXISTS (SELECT FROM rocket.gate_verdicts g WHERE g.version = v.version)
                    """
                ).first?.int("n") ?? 0
            runs = try connection.execute("SELECT run_id, status, exit_code, error FROM rocket.runs").map {
                Run(
                    number: try $0.int("run_id"), status: try $0.text("status"), code: try $0.intOrNil("exit_code"),
                    error: try $0.textOrNil("error"))
            }
        }
    }
}

/// A row of the page's table.
struct BadNightRow {
    var number: Int
    var happened: String
    var code: Int32
    /// Words of the program's messages.
    var says: [String]
    var version: Version
    /// Status of the run in the ledger; nil: there is none.
    var ledger: String?

    /// What becomes of the night's version.
    enum Version: String { case none, candidate, live }

    static func table() throws -> [BadNightRow] {
        let lines = try ManualPage.badNights.text().split(separator: "\n")
        return try lines.filter { $0.wholeMatch(of: /\| \d+ \|.*/) != nil }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            try #require(cells.count == 6, "\(line)")
            return BadNightRow(
                number: try #require(Int(cells[0])), happened: cells[1], code: try #require(Int32(cells[2])),
                says: cells[5].matches(of: /`([^`]*)`/).map { String($0.1) },
                version: try #require(Version(rawValue: cells[3])), ledger: cells[4] == "–" ? nil : cells[4])
        }
    }
}

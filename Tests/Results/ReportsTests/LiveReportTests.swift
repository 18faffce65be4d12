import Foundation
import OperationsSupport
import Plots
import Postgres
import Reports
import TestSupport
import Testing

/// The live version beside the one that would take its place.
@Suite struct LiveReportTests {
    /// A job of four days whose gate lets every version pass.
    private static func withJob(
        group: String = "  group: user_id\n", _ body: (_ url: String, _ job: String, Connection) throws -> Void
    ) throws {
        let change = { (text: String) in
            text.replacing("  group: user_id\n", with: group)
                + "\npromotion: {margin: 0.5, lowest_pcoc: 0.01, highest_pcoc: 100, least_clicks: 1}\n"
        }
        try TestJob.withJob(days: 4, change: change) { url, job in
            try body(url, job, TestDatabase.connect(url))
        }
    }

    /// The same after two nights: version 1 was live when 2 was judged.
    private static func withNights(
        group: String = "  group: user_id\n", _ body: (_ url: String, _ job: String, Connection) throws -> Void
    ) throws {
        try withJob(group: group) { url, job, connection in
            for day in ["08", "09"] {
                _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-\(day) 01:00+00"))
            }
            try body(url, job, connection)
        }
    }

    private static let figures = [
        "auc", "auc_standard_error", "gauc", "gauc_standard_error", "gauc_groups", "log_loss", "normalized_entropy",
        "normalized_entropy_standard_error", "pcoc", "pr_auc", "calibration_error",
    ].joined(separator: ", ")

    /// Whether what is stored of version 1 beside 2 is what judging version 1 on that day gives.
    private static func agrees(_ url: String, _ job: String, _ connection: Connection) throws -> Bool {
        _ = try TestJob.session(url, job).evaluate(version: 1, day: TestJob.day("2026-01-08"))
        let same = try connection.execute(
            """
            SELECT version, day, live_version, \(figures) FROM rocket.live_reports
            INTERSECT
            SELECT 2, day, version, \(figures) FROM rocket.evaluation_reports
            WHERE version = 1 AND day = '2026-01-08' AND arm = 'rocket' AND net = 'light'
            """)
        return try same.count == 1 && connection.execute("SELECT FROM rocket.live_reports").count == 1
    }

    @Test("The live version's figures are those that judging it on that day gives, and tell the paired difference")
    func agreement() throws {
        try Self.withNights { url, job, connection in
            #expect(try Self.agrees(url, job, connection))
            let rights = try connection.execute(
                """
                SELECT has_table_privilege('rocket_writer', t, 'INSERT') AND has_table_privilege('rocket_writer', t, 'SELECT')
                    AND has_table_privilege('rocket_report_reader', t, 'SELECT')
                    AND NOT has_table_privilege('rocket_report_reader', t, 'INSERT') AS fitting
                FROM (VALUES ('rocket.live_reports')) AS tables (t)
                """)
            #expect(try rights.first?.bool("fitting") == true)
            let row = try #require(
                try connection.execute(
                    """
                    SELECT a.auc - a.live_auc AS difference, c.estimate,
                           a.gauc - a.gauc_low AS gauc_half, a.gauc_high - a.gauc AS gauc_other_half,
                           1.96 * a.gauc_standard_error AS gauc_wanted,
                           a.normalized_entropy_high - a.normalized_entropy_low AS entropy_width,
                           2 * 1.96 * a.normalized_entropy_standard_error AS entropy_wanted
                    FROM rocket.auc_by_day a JOIN rocket.model_comparisons c USING (version, day)
                    WHERE c.comparison = 'light_minus_live' AND a.arm = 'rocket' AND a.net = 'light'
                    """
                ).first)
            func close(_ a: String, _ b: String) throws -> Bool {
                try row.double(b) != 0 && abs(row.double(a) - row.double(b)) < 1e-12
            }
            #expect(try abs(row.double("difference") - row.double("estimate")) < 1e-12)
            #expect(try close("gauc_half", "gauc_wanted") && close("gauc_other_half", "gauc_wanted"))
            #expect(try close("entropy_width", "entropy_wanted"))
        }
    }

    @Test(
        "The live version is in the report's table, JSON and CSV, and the first version, which met none, has no such row"
    )
    func report() throws {
        try Self.withNights { url, _, connection in
            let row = try #require(try connection.execute("SELECT * FROM rocket.live_reports").first)
            let report = try #require(try ReportReader(database: url).reports(version: 2).first)
            let live = try #require(report.live)
            #expect(report.liveVersion == 1)
            #expect(try live.gauc == row.double("gauc"))
            #expect(try live.gaucStandardError == row.double("gauc_standard_error"))
            #expect(try live.normalizedEntropyStandardError == row.double("normalized_entropy_standard_error"))
            #expect(live.parameters == report.light.parameters && live.p99 == nil)
            for net in [report.light, report.booster] {
                #expect(try #require(net.gaucStandardError) > 0 && #require(net.normalizedEntropyStandardError) > 0)
            }
            #expect(try ReportReader(database: url).reports(version: 1).first?.live == nil)

            func printed(_ arguments: [String]) throws -> String {
                try RocketProgram.rocket(["report", "--model-version"] + arguments, database: url).output
            }
            let line = [
                live.auc, live.aucStandardError, live.gauc, live.gaucStandardError, live.logLoss,
                live.normalizedEntropy, live.normalizedEntropyStandardError,
            ].map { NumberText.fixed($0) }.joined(separator: " | ")
            let table = try printed(["2"]).replacing(/\ +/, with: " ")
            #expect(table.contains("| live, version 1 | \(line) |") && table.contains("over users"), "\(table)")
            #expect(try !printed(["1"]).contains("live, version"))
            #expect(try printed(["2", "--json"]).contains("\"live_version\" : 1"))
            let csv = try printed(["2", "--csv"]).split(separator: "\r\n").map {
                $0.split(separator: ",", omittingEmptySubsequences: false)
            }
            let column = try #require(csv.first?.firstIndex(of: "live.gauc_standard_error"))
            #expect(csv.last.flatMap { Double($0[column]) } == live.gaucStandardError)
        }
    }

    @Test(
        "The page shows AUC, GAUC and NE of light, booster and live with intervals; of an earlier program's version, what is there"
    )
    func page() throws {
        try Self.withNights { url, _, connection in
            let row = try #require(try connection.execute("SELECT * FROM rocket.live_reports").first)
            let page = try PageTests.page(["--model-version", "2"], database: url)
            for metric in ["AUC", "GAUC", "NE"] {
                #expect(page.contains("<caption>\(metric) with 95 % intervals</caption>"), "\(metric)")
            }
            func interval(_ row: Row, _ metric: String) throws -> String {
                let (value, half) = (try row.double(metric), try 1.959964 * row.double("\(metric)_standard_error"))
                return [value, value - half, value + half].map { "<td class=\"n\">\(NumberText.fixed($0))</td>" }
                    .joined()
            }
            let nets = try connection.execute(
                "SELECT * FROM rocket.evaluation_reports WHERE version = 2 AND arm = 'rocket' ORDER BY net DESC")
            for (name, row) in zip(["light, in rocket", "booster, in rocket", "light, live version 1"], nets + [row]) {
                for metric in ["auc", "gauc", "normalized_entropy"] {
                    let cells = try interval(row, metric)
                    #expect(page.contains("<th scope=\"row\">\(name)</th>\(cells)</tr>"), "\(name), \(metric)")
                }
            }
            // As migrated from a database of an earlier program.
            try connection.script(
                """
                DELETE FROM rocket.live_reports;
                UPDATE rocket.evaluation_reports
                SET gauc_standard_error = NULL, normalized_entropy_standard_error = NULL;
                """)
            let earlier = try PageTests.page(["--model-version", "2"], database: url)
            let unknown = "<td class=\"n\">\(NumberText.unknown)</td>"
            let auc = "<td class=\"n\">\(NumberText.fixed(try row.double("auc")))</td>"
            #expect(earlier.contains("<th scope=\"row\">light, live version 1</th>\(auc)\(unknown)\(unknown)"))
            let gauc = "<td class=\"n\">\(NumberText.fixed(try nets[0].double("gauc")))</td>"
            #expect(earlier.contains("<th scope=\"row\">light, in rocket</th>\(gauc)\(unknown)\(unknown)</tr>"))
        }
    }

    @Test("Without a group column there is no GAUC and no figure of it, and the interval of NE is over impressions")
    func ungrouped() throws {
        try Self.withNights(group: "") { url, _, connection in
            let row = try #require(try connection.execute("SELECT * FROM rocket.live_reports").first)
            #expect(try row.doubleOrNil("gauc_standard_error") == nil)
            #expect(try row.double("normalized_entropy_standard_error") > 0)
            let page = try PageTests.page(["--model-version", "2"], database: url)
            #expect(!page.contains("GAUC of each net") && page.contains("intervals over impressions (delta method)"))
            let table = try RocketProgram.rocket(["report", "--model-version", "2"], database: url).output
            #expect(table.contains("over impressions"))
        }
    }

    @Test("Judging a version again renews its intervals")
    func again() throws {
        try Self.withNights { url, job, connection in
            try connection.script(
                """
                UPDATE rocket.evaluation_reports SET gauc_standard_error = 9, normalized_entropy_standard_error = 9
                """)
            _ = try TestJob.session(url, job).evaluate(version: 2, day: nil)
            let renewed = try connection.execute(
                """
                SELECT FROM rocket.evaluation_reports WHERE version = 2 AND arm = 'rocket'
                AND gauc_standard_error < 1 AND normalized_entropy_standard_error < 1
                """)
            #expect(renewed.count == 2)
        }
    }

    @Test("A version that a backfill made has the live one beside it once the gate judges it")
    func backfilled() throws {
        try Self.withJob { url, job, connection in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let range = ["--from", "2026-01-08", "--to", "2026-01-08"]
            #expect(try RocketProgram.rocket(["backfill", "--quiet", "--job", job] + range, database: url).code == 0)
            #expect(try connection.execute("SELECT FROM rocket.live_reports").isEmpty)
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-09 01:00+00"))
            #expect(try Self.agrees(url, job, connection))
        }
    }
}

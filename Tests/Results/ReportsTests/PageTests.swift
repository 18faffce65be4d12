import Foundation
import OperationsSupport
import Plots
import Postgres
import TestSupport
import Testing

/// The page that a browser shows: its numbers, and what it does with hostile text and with what is missing.
@Suite struct PageTests {
    /// The page's text.
    static func page(_ arguments: [String], database: String) throws -> String {
        var text = ""
        try withTemporaryFolder { folder in
            let result = try RocketProgram.rocket(
                ["report", "--html", "\(folder)/page.html"] + arguments, database: database)
            #expect(result.code == 0, "\(result.errors)")
            text = try String(contentsOfFile: "\(folder)/page.html", encoding: .utf8)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["page.html"])
        }
        return text
    }

    @Test("Every number of the database is on the page, in its row of the table")
    func numbers() throws {
        try TestJob.withJob { url, job in
            let version = try #require(
                try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00")).version)
            let page = try Self.page(["--model-version", "\(version)"], database: url)
            let connection = try TestDatabase.connect(url)
            let names = [
                "rocket light": "light, in rocket", "rocket booster": "booster, in rocket",
                "light light": "light, alone",
                "booster booster": "booster, alone",
            ]
            let reports = try connection.execute("SELECT * FROM rocket.evaluation_reports ORDER BY arm, net")
            #expect(reports.count == 4)
            for row in reports {
                let name = try #require(names["\(try row.text("arm")) \(try row.text("net"))"])
                let cells = try [
                    NumberText.fixed(row.doubleOrNil("auc")), NumberText.fixed(row.doubleOrNil("auc_standard_error")),
                    NumberText.fixed(row.doubleOrNil("gauc")),
                    NumberText.fixed(row.doubleOrNil("gauc_standard_error")),
                    NumberText.fixed(row.doubleOrNil("log_loss")),
                    NumberText.fixed(row.doubleOrNil("normalized_entropy")),
                    NumberText.fixed(row.doubleOrNil("normalized_entropy_standard_error")),
                    NumberText.fixed(row.doubleOrNil("pcoc"), decimals: 3), NumberText.fixed(row.doubleOrNil("pr_auc")),
                    NumberText.fixed(row.doubleOrNil("calibration_error")),
                ].map { "<td class=\"n\">\($0)</td>" }.joined()
                #expect(page.contains("<th scope=\"row\">\(name)</th>\(cells)"), "\(name): \(cells)")
            }
            for row in try connection.execute("SELECT * FROM rocket.latency_reports WHERE mode = 'back_to_back'") {
                let cells = try ["p50_us", "p90_us", "p99_us", "p999_us"].map {
                    "<td class=\"n\">\(NumberText.microseconds(try row.double($0)))</td>"
                }.joined()
                let batch = try row.int("batch_size")
                #expect(
                    page.contains(
                        "<th scope=\"row\">\(try row.text("net"))</th><td class=\"n\">\(batch)</td>"
                            + "<td class=\"n\">back to back</td>\(cells)"))
            }
            for row in try connection.execute(
                "SELECT role, day, rows, clicks FROM rocket.version_inputs WHERE part = 0")
            {
                #expect(page.contains("<th scope=\"row\">\(try row.text("day"))</th><td>\(try row.text("role"))</td>"))
            }
            for row in try connection.execute(
                """
                SELECT p->>'step' AS step, (p->>'light_loss')::double precision AS light,
                       (p->>'booster_loss')::double precision AS booster
                FROM rocket.model_versions, jsonb_path_query(training, '$.rocket.curve[*]') p
                """)
            {
                let losses = try ["light", "booster"].map {
                    "<td class=\"n\">\(NumberText.fixed(try row.double($0)))</td>"
                }.joined()
                #expect(page.contains("<th scope=\"row\" class=\"n\">\(try row.text("step"))</th>\(losses)"))
            }
            for row in try connection.execute(
                "SELECT feature, coverage FROM rocket.feature_report WHERE day = '2026-01-07'")
            {
                #expect(page.contains("<th scope=\"row\">\(try row.text("feature"))</th>"))
                #expect(page.contains(NumberText.percent(try row.double("coverage"))))
            }
        }
    }

    @Test("The stored ROC curves run from (0, 0) to (1, 1) and have the AUC's area, once more after judging again")
    func curves() throws {
        try TestJob.withJob { url, job in
            let version = try #require(
                try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00")).version)
            for _ in 0..<2 {
                let rows = try TestDatabase.connect(url).execute(
                    """
                    SELECT arm, net, count(*) AS points, min(false_positive_rate + true_positive_rate) AS least,
                           max(false_positive_rate + true_positive_rate) AS most, sum(area) AS area, min(auc) AS auc
                    FROM (
                        SELECT *, (false_positive_rate - lag(false_positive_rate) OVER curve)
                               * (true_positive_rate + lag(true_positive_rate) OVER curve) / 2 AS area
                        FROM rocket.roc_points WINDOW curve AS (PARTITION BY version, day, arm, net ORDER BY point)) p
                    JOIN rocket.evaluation_reports e USING (version, day, arm, net) GROUP BY arm, net
                    """)
                #expect(rows.count == 4)
                for row in rows {
                    #expect(try row.double("least") == 0 && row.double("most") == 2 && row.int("points") <= 200)
                    #expect(try abs(row.double("area") - row.double("auc")) < 1e-3)
                }
                _ = try TestJob.session(url, job).evaluate(version: version, day: nil)
            }
        }
    }

    @Test("Of an experiment's arms the four nets of a night have their colours; those of other hints and arms are grey")
    func armColours() throws {
        try TestJob.withJob { url, job in
            _ = try TestJob.session(url, job).train(
                days: TestJob.day("2026-01-05")...TestJob.day("2026-01-06"))
            let connection = try TestDatabase.connect(url)
            let looks = [
                ("light", "light", "light, alone", "neutral"), ("booster", "booster", "booster, alone", "purple"),
                ("rocket", "light", "light, in rocket", "blue"),
                ("rocket", "booster", "booster, in rocket", "vermilion"),
                ("rocket λ=0.3", "light", "light, rocket λ=0.3", "slate"),
                ("rocket λ=0.3", "booster", "booster, rocket λ=0.3", "silver"),
                ("distillation", "light", "light, distillation", "slate"),
            ]
            for (arm, net, _, _) in looks {
                try connection.execute(
                    """
                    INSERT INTO rocket.experiment_results (
                        fingerprint, arm, net, seed, model, trained_from, trained_to, evaluated_day, auc, log_loss, steps,
                        seconds, job_file, program_version)
                    VALUES ('f', $1, $2, '1', 'test', '2026-01-05', '2026-01-06', '2026-01-07', 0.7, 0.2, 1, 1, '', '')
                    """, [.text(arm), .text(net)])
            }
            let page = try Self.page([], database: url)
            for (_, _, name, style) in looks {
                #expect(page.contains("<g class=\"\(style)\"><title>\(name): 0.7000</title>"), "\(name)")
            }
        }
    }

    @Test("Names and error texts that are markup stay text; a version without figures has a page, too")
    func hostile() throws {
        try TestDatabase.run { url in
            let name = "<script>alert('x')</script>\"&"
            let connection = try TestDatabase.connect(url)
            try connection.execute(
                """
                INSERT INTO rocket.model_versions (
                    model, trained_from, trained_to, fingerprint, specification_hash, seed, job_file, training,
                    light_parameters, booster_parameters, embedding_parameters, program_version)
                VALUES ($1, '2026-01-01', '2026-01-02', 'f', 's', '1', $1, '{}', 1, 1, 1, $1)
                """, [.text(name)])
            try connection.execute(
                """
                INSERT INTO rocket.runs (
                    command, model, status, exit_code, error, host, pid, program_version, job_file, ended_at)
                VALUES ('nightly', $1, 'failed', 5, $1, 'h', 1, '0', '', now())
                """, [.text(name)])
            let page = try Self.page(["--model", name], database: url)
            #expect(!page.contains("<script"))
            #expect(page.matches(of: /&lt;script&gt;alert\(&#39;x&#39;\)&lt;\/script&gt;&quot;&amp;/).count >= 5)
            #expect(page.contains("Not judged yet"))
        }
    }

    @Test(
        "Without a version there is no page and code 6; it does not go with --json; a folder that is not there is named"
    )
    func refusals() throws {
        try TestDatabase.run { url in
            try withTemporaryFolder { folder in
                let none = try RocketProgram.rocket(["report", "--html", "\(folder)/page.html"], database: url)
                #expect(none.code == 6 && none.errors.contains("no version"), "\(none.errors)")
                #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
                let both = try RocketProgram.rocket(["report", "--html", "x.html", "--json"], database: url)
                #expect(both.code == 64 && both.errors.contains("--html"), "\(both.errors)")
            }
        }
        try TestJob.withJob { url, job in
            _ = try TestJob.session(url, job).train(
                days: TestJob.day("2026-01-05")...TestJob.day("2026-01-06"))
            let nowhere = try RocketProgram.rocket(["report", "--html", "/nowhere/page.html"], database: url)
            #expect(nowhere.code == 6 && nowhere.errors.contains("/nowhere/page.html"), "\(nowhere.errors)")
            #expect(try Self.page([], database: url).contains("Loss curves"))
        }
    }
}

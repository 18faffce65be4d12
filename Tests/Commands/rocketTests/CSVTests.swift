import Foundation
import OperationsSupport
import Reports
import TestSupport
import Testing

@testable import rocket

@Suite struct CSVTests {
    @Test("Fields are quoted where RFC 4180 asks for it, numbers keep every digit, and without rows there is a header")
    func quoting() {
        let columns = [
            CSVColumn<(String, Double?)>("name, \"said\"") { $0.0 }, CSVColumn<(String, Double?)>("value") { $0.1 },
        ]
        let rows: [(String, Double?)] = [
            ("plain", 0.1 + 0.2), ("a,b", nil), ("say \"no\"", 1e-300), ("two\nlines", -1), ("größer", 5e-324), ("", 2),
        ]
        #expect(
            csvText(rows, columns)
                == "\"name, \"\"said\"\"\",value\r\nplain,0.30000000000000004\r\n\"a,b\",\r\n\"say \"\"no\"\"\",1e-300\r\n"
                + "\"two\nlines\",-1.0\r\ngrößer,5e-324\r\n,2.0\r\n")
        #expect(csvText([], columns) == "\"name, \"\"said\"\"\",value\r\n")
    }

    /// The keys of a JSON object, those of objects within after a dot.
    private static func keys(_ object: [String: Any]) -> Set<String> {
        Set(
            object.flatMap { key, value in
                (value as? [String: Any]).map { keys($0).map { "\(key).\($0)" } } ?? [key]
            })
    }

    private static func object(_ json: String) throws -> [String: Any] {
        let value = try JSONSerialization.jsonObject(with: Data(json.utf8))
        return try #require(value as? [String: Any] ?? (value as? [[String: Any]])?.first)
    }

    @Test("Commands print as CSV what they print as JSON, by the same names, and not both at once")
    func commands() throws {
        try TestJob.withJob { url, job in
            let night = ["nightly", "--quiet", "--job", job, "--as-of", "2026-01-08T01:00Z"]
            #expect(try RocketProgram.rocket(night + ["--csv"], database: url).code == 0)
            let range = ["--job", job, "--quiet", "--from", "2026-01-07", "--to", "2026-01-07"]
            let cached = try FileManager.default.subpathsOfDirectory(
                atPath: URL(fileURLWithPath: job).deletingLastPathComponent().path + "/cache"
            ).filter { $0.hasSuffix(".lz4") }.sorted()
            let file = try #require(cached.first)
            let folder = URL(fileURLWithPath: job).deletingLastPathComponent().path
            // Left out: what a JSON object has and a row cannot.
            let cases: [(arguments: [String], code: Int32, leftOut: Set<String>)] = [
                (["report"], 0, ["latency", "comparisons"]), (["report", "--all"], 0, ["latency", "comparisons"]),
                (["models", "list"], 0, ["latency", "comparisons"]),
                (["models", "show", "1"], 0, ["latency", "comparisons"]),
                (night, 3, ["latency", "comparisons", "gate"]),
                (["backfill"] + range, 3, ["latency", "comparisons"]),
                (["extract", "--quiet", "--job", job, "--day", "2026-01-06"], 3, []),
                (
                    ["cache", "inspect", "\(folder)/cache/\(file)"], 0,
                    [
                        "blocks", "columns", "checksum", "format_version", "payload_bytes", "compressed_bytes",
                    ]
                ),
            ]
            for (arguments, code, leftOut) in cases {
                let json = try RocketProgram.rocket(arguments + ["--json"], database: url)
                let csv = try RocketProgram.rocket(arguments + ["--csv"], database: url)
                #expect(json.code == code && csv.code == code, "\(arguments): \(csv.errors)")
                let lines = csv.output.split(separator: "\r\n", omittingEmptySubsequences: false)
                #expect(lines.count >= 3 && lines.last == "", "\(arguments)")
                let names = Set(lines[0].split(separator: ",").map(String.init))
                #expect(
                    try Self.keys(Self.object(json.output)).subtracting(leftOut).isSubset(of: names), "\(arguments)")
                #expect(try RocketProgram.rocket(arguments + ["--json", "--csv"], database: url).code == 64)
            }
            let report = try Self.object(try RocketProgram.rocket(["report", "--json"], database: url).output)
            let auc = try #require((report["light"] as? [String: Any])?["auc"] as? Double)
            #expect(try RocketProgram.rocket(["report", "--csv"], database: url).output.contains(",\(auc),"))

            let status = try RocketProgram.rocket(["status", "--csv"], database: url)
            let runs = try #require(
                try Self.object(try RocketProgram.rocket(["status", "--json"], database: url).output)["runs"] as? [Any])
            let run = try #require(runs.first as? [String: Any])
            #expect(status.output.split(separator: "\r\n").count == runs.count + 1)
            #expect(
                Self.keys(run).isSubset(
                    of: Set(status.output.prefix { $0 != "\r\n" }.split(separator: ",").map(String.init))))
            #expect(run["attempts"] as? Int == 1 && run["pid"] != nil && run["peak_memory_bytes"] != nil)
        }
    }
}

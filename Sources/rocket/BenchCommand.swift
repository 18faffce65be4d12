import ArgumentParser
import Foundation
import Jobs
import TextTable

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine: extraction beside psql, the cache beside other formats.",
        subcommands: [Extract.self, Cache.self])

    struct Extract: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "extract",
            abstract: "Extraction beside psql copying the same rows to nowhere.",
            discussion: """
                Writes logs of 23 columns into the schema rocket_bench, extracts them with one and with two workers and \
                lets psql run the very same COPYs, in turn; medians of the rounds. Drops everything afterwards.

                Examples:
                  rocket bench extract
                  rocket bench extract --rows 1000000,4000000,16000000 --json
                """)

        @OptionGroup var database: DatabaseOptions

        @Option(help: ArgumentHelp("Impressions; several sizes by commas.", valueName: "counts"))
        var rows = "1000000"

        @Option(help: "Rounds.")
        var rounds = 5

        @Flag(help: "Print as JSON: an object, or an array for several sizes.")
        var json = false

        func validate() throws {
            guard !sizes.isEmpty, sizes.allSatisfy({ $0 >= 1_000 && $0 <= 1_000_000_000 }) else {
                throw ValidationError("--rows is \(rows), expected numbers from 1,000 on, such as 1000000,4000000")
            }
            guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds), expected 1 or more") }
        }

        private var sizes: [Int] { rows.split(separator: ",").compactMap { Int($0) } }

        func run() throws {
            let log = makeLogger(quiet: json)
            let display = ProgressDisplay(log: log, quiet: json)
            let results = try benchExtract(
                sizes: sizes, rounds: rounds, program: thisProgram(), database: database.database
            ) { display.show($0) }
            if json {
                if results.count == 1 { try printJSON(results[0]) } else { try printJSON(results) }
                return
            }
            let table = TextTable<ExtractBench> { result in
                [
                    Column(title: "rows", value: result.rows.grouped, align: .right),
                    Column(title: "psql rows/s", value: Int(result.copyRowsPerSecond).grouped, align: .right),
                    Column(title: "1 worker rows/s", value: Int(result.rowsPerSecond).grouped, align: .right),
                    Column(title: "of psql", value: number(result.ratio, digits: 2), align: .right),
                    Column(title: "2 workers rows/s", value: Int(result.rowsPerSecondOfTwo).grouped, align: .right),
                    Column(title: "of 1", value: number(result.twoOverOne, digits: 2), align: .right),
                    Column(title: "peak MiB", value: number(result.peakMebibytes, digits: 0), align: .right),
                    Column(title: "with 2", value: number(result.peakMebibytesOfTwo, digits: 0), align: .right),
                    Column(title: "bytes/row", value: number(result.bytesPerRow, digits: 1), align: .right),
                ]
            }
            print(table.string(for: results) ?? "")
            print("medians of \(rounds) rounds; whole processes, from start to exit")
        }
    }

    struct Cache: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "cache",
            abstract: "Size and reading speed of the cache beside other formats of the same rows.",
            discussion: """
                Writes logs of 23 columns into the schema rocket_bench, extracts them, reads the files back on one thread \
                and compares: bytes with text COPY and (with --python) Parquet + LZ4, speed with lz4 -b. Drops everything \
                afterwards.

                Examples:
                  rocket bench cache --json
                  rocket bench cache --python .venv/bin/python
                """)

        @OptionGroup var database: DatabaseOptions

        @Option(help: "Impressions.")
        var rows = 1_000_000

        @Option(help: "Rounds.")
        var rounds = 5

        @Option(help: "A Python with lz4, numpy, xxhash and pyarrow, for the comparison with Parquet.")
        var python: String?

        @Flag(help: "Print as JSON, one object.")
        var json = false

        func validate() throws {
            guard rows >= 1_000 else { throw ValidationError("--rows is \(rows), expected 1,000 or more") }
            guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds), expected 1 or more") }
        }

        func run() throws {
            let log = makeLogger(quiet: json)
            let display = ProgressDisplay(log: log, quiet: json)
            let result = try benchCache(
                rows: rows, rounds: rounds, program: thisProgram(), python: python, database: database.database
            ) { display.show($0) }
            if json { return try printJSON(result) }
            print(
                """
                \(result.rows.grouped) rows of \(result.columns) features

                bytes a row   cache \(number(result.bytesPerRow, digits: 1)), Parquet + LZ4 \
                \(number(result.parquetBytesPerRow, digits: 1)), text COPY \(number(result.copyTextBytesPerRow, digits: 1))
                reading       \(number(result.readGigabytesPerSecond, digits: 2)) GB/s (lz4 -b alone: \
                \(number(result.lz4GigabytesPerSecond, digits: 2))), \(Int(result.readRowsPerSecond).grouped) rows/s, \
                \(percent(result.shareOfTraining)) of the time of training at 60,000 samples/s
                """)
        }
    }
}

/// This program, to be run again.
private func thisProgram() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
}

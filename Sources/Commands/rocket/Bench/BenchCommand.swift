import ArgumentParser
import Benchmarks
import Foundation
import TextTable

struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure this machine, compared with psql, Parquet, PyTorch and onnxruntime.",
        subcommands: [Extract.self, Cache.self, Train.self, Ranks.self, Serving.self])

    struct Extract: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "extract",
            abstract: "Compare extraction with psql copying the same rows to nowhere.",
            discussion: """
                Writes logs of 23 columns into the schema rocket_bench, extracts them with one and with two workers, \
                and lets psql run the same COPYs, in turn; prints medians of the rounds. Drops everything afterwards.

                Examples:
                  rocket bench extract
                  rocket bench extract --rows 1000000,4000000,16000000 --json
                """)

        @OptionGroup var database: DatabaseOptions

        @Option(help: ArgumentHelp("Impressions; several sizes separated by commas.", valueName: "counts"))
        var rows = "1000000"

        @Option(help: "Rounds.")
        var rounds = 5

        @Flag(help: "Print as JSON: an object, or an array for several sizes.")
        var json = false

        @OptionGroup var logging: LogOptions

        func validate() throws {
            guard !sizes.isEmpty, sizes.allSatisfy({ $0 >= 1_000 && $0 <= 1_000_000_000 }) else {
                throw ValidationError("--rows is \(rows), expected numbers from 1,000 on, such as 1000000,4000000")
            }
            guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds), expected 1 or more") }
        }

        private var sizes: [Int] { rows.split(separator: ",").compactMap { Int($0) } }

        func run() throws {
            let log = logging.logger(quiet: json)
            let display = ProgressDisplay(log: log, quiet: json, format: logging.format)
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
            abstract: "Compare size and reading speed of the cache with other formats.",
            discussion: """
                Writes logs of 23 columns into the schema rocket_bench, extracts them, reads the files back on one \
                thread and compares: bytes with text COPY and (with --python) Parquet + LZ4, speed with lz4 -b. Drops \
                everything afterwards.

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

        @OptionGroup var logging: LogOptions

        func validate() throws {
            guard rows >= 1_000 else { throw ValidationError("--rows is \(rows), expected 1,000 or more") }
            guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds), expected 1 or more") }
        }

        func run() throws {
            let log = logging.logger(quiet: json)
            let display = ProgressDisplay(log: log, quiet: json, format: logging.format)
            let result = try benchCache(
                rows: rows, rounds: rounds, program: thisProgram(), python: python, database: database.database
            ) { display.show($0) }
            if json { return try printJSON(result) }
            print(
                """
                \(result.rows.grouped) rows of \(result.columns) features

                bytes per row   cache \(number(result.bytesPerRow, digits: 1)), Parquet + LZ4 \
                \(number(result.parquetBytesPerRow, digits: 1)), text COPY \(number(result.copyTextBytesPerRow, digits: 1))
                reading       \(number(result.readGigabytesPerSecond, digits: 2)) GB/s (lz4 -b alone: \
                \(number(result.lz4GigabytesPerSecond, digits: 2))), \(Int(result.readRowsPerSecond).grouped) rows/s, \
                \(percent(result.shareOfTraining)) of the time of training at 60,000 samples/s
                """)
        }
    }

    struct Train: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "train",
            abstract: "Compare the training step with PyTorch.",
            discussion: """
                Trains on batches in memory: fields × 16 numbers, ids by Zipf's law, light 200-80, booster \
                720-360-240-180-90. With --python, PyTorch runs the same step on the same ids in turn with it; \
                the better of its eager and its compiled form counts. A round in which other processes took more than \
                3 % of the cores is measured again. Needs no database; --python needs the project's folder as working \
                directory.

                Under mpirun all ranks train together; --batch is of all of them, --threads of each.

                Examples:
                  rocket bench train
                  mpirun -n 2 rocket bench train --threads 1
                  rocket bench train --batch 4096 --python .venv/bin/python --json
                  rocket bench train --shape uniform --dtype bf16
                """)

        @Option(
            help: """
                Fields and their distinct values: criteo and avazu as in the samples of these logs, uniform 39 equal \
                ones.
                """)
        var shape = BenchShape.criteo

        @Option(help: "What is trained: rocket, light or booster.")
        var arm = Arm.rocket

        @Option(help: "Rows per step.")
        var batch = 1_024

        @Option(help: "Threads. Default: the machine's cores.")
        var threads: Int?

        @Option(help: "Numbers of the matrix products: f32, or bf16 if the CPU has it; PyTorch gets the same.")
        var dtype = DenseType.f32

        @Option(help: "Rows of all embedding tables together, with --shape uniform.")
        var embeddingRows = 1_000_000

        @Option(help: "How ids find their rows: rows (an id is its row's number) or table (a table of ids).")
        var ids = BenchIDs.rows

        @Option(help: "Rounds.")
        var rounds = 5

        @Option(help: "Seconds of a round.")
        var seconds = 2.0

        @Option(help: "A Python with torch, for the comparison with PyTorch.")
        var python: String?

        @Flag(help: "Print as JSON, one object.")
        var json = false

        @OptionGroup var logging: LogOptions

        func validate() throws {
            guard (1...1_000_000).contains(batch) else {
                throw ValidationError("--batch is \(batch), expected 1 to 1000000")
            }
            guard threads.map({ $0 >= 1 }) ?? true else { throw ValidationError("--threads must be 1 or more") }
            guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds), expected 1 or more") }
            guard (100...1_000_000_000).contains(embeddingRows) else {
                throw ValidationError("--embedding-rows is \(embeddingRows), expected 100 to 1000000000")
            }
            guard seconds > 0 else { throw ValidationError("--seconds is \(seconds), expected more than 0") }
        }

        func run() throws {
            let log = logging.logger(quiet: json)
            let display = ProgressDisplay(log: log, quiet: json, format: logging.format)
            let launch = LaunchedProcess.launch
            if launch.collective.isShared, python != nil {
                throw ValidationError("--python is for one process; leave it out under mpirun")
            }
            let order = TrainBenchOrder(
                arm: arm, batch: batch, threads: threads ?? launch.threads, dtype: dtype,
                data: TrainBenchOrder.Data(shape, embeddingRows: embeddingRows, ids: ids))
            let result = try benchTrain(
                order, rounds: BenchRounds(rounds, seconds: seconds), python: python, launch: launch
            ) { display.show($0) }
            if json { return try printJSON(result) }
            print(
                """
                \(result.arm.rawValue), \(result.shape.rawValue), batch \(result.batch), \(result.ranks) ranks, \(result.threads) threads each, \
                \(result.dtype.rawValue)

                samples/s     \(Int(result.samplesPerSecond).grouped), \(percent(result.gemmPeakShare)) of what bare matrix \
                products of all rows reach
                by ids        \(result.byIDs) of the fields
                PyTorch       \(result.torchSamplesPerSecond.map { Int($0).grouped } ?? "–") \
                (\(result.torchConfiguration ?? "see --python")), ratio \(number(result.ratio, digits: 2))
                memory        \(number(result.peakMebibytes, digits: 0)) MiB
                sent          \(number(result.bytesPerSample, digits: 0)) bytes per sample, expected \
                \(number(result.expectedBytesPerSample, digits: 0))
                ms a step     \(result.parts)
                scoring       \(result.scores)
                medians of \(result.rounds) rounds; \(result.rejectedRounds) rounds rejected for foreign load
                """)
        }
    }
}

extension Arm: ExpressibleByArgument {}
extension BenchIDs: ExpressibleByArgument {}
extension BenchShape: ExpressibleByArgument {}
extension DenseType: ExpressibleByArgument {}

extension TrainBench {
    fileprivate var byIDs: String {
        fieldsByIDs.sorted { $0.key < $1.key }.map { "\($0.key) \(percent($0.value))" }.joined(separator: ", ")
    }

    /// The rows that each net scores in a second, one thread.
    fileprivate var scores: String {
        let nets = scoring.sorted { $0.key < $1.key }.map { net, scoring in
            "\(net) \(Int(scoring.rowsPerSecond).grouped) rows/s (\(Int(scoring.rowsPerSecondByRows).grouped) by rows)"
        }
        return nets.isEmpty ? "–" : nets.joined(separator: ", ") + " on one thread"
    }

    /// The parts of a step, the longest first.
    fileprivate var parts: String {
        millisecondsPerStep.sorted { $0.value > $1.value }.map { "\($0.key) \(number($0.value, digits: 2))" }
            .joined(separator: ", ")
    }
}

/// This program, to be run again.
func thisProgram() -> String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
}

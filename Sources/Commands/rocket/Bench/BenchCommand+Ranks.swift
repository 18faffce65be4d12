import ArgumentParser
import Benchmarks
import Foundation
import TextTable

extension BenchCommand {
    struct Ranks: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "ranks",
            abstract: "Compare several ranks under mpirun with one process of as many threads.",
            discussion: """
                Runs both on this machine in turn, with the nets of rocket bench train: a batch that the ranks share \
                (strong scaling), and one that grows with the ranks (weak scaling). Prints the bytes that the ranks \
                sent and those that the cost model expects. Needs mpirun (Debian: openmpi-bin), and no database.

                Examples:
                  rocket bench ranks
                  rocket bench ranks --ranks 4 --batch 2048 --json
                """)

        @Option(help: "Ranks, with one thread each.")
        var ranks = 2

        @Option(help: "Rows per step.")
        var batch = 1_024

        @Option(help: "Rounds.")
        var rounds = 5

        @Option(help: "Seconds of a measurement.")
        var seconds = 2.0

        @Flag(help: "Print as JSON, one object.")
        var json = false

        @OptionGroup var logging: LogOptions

        func validate() throws {
            guard (2...64).contains(ranks) else { throw ValidationError("--ranks is \(ranks), expected 2 to 64") }
            guard (ranks...100_000).contains(batch) else {
                throw ValidationError("--batch is \(batch), expected \(ranks) to 100000")
            }
            guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds), expected 1 or more") }
            guard seconds > 0 else { throw ValidationError("--seconds is \(seconds), expected more than 0") }
        }

        func run() throws {
            let log = logging.logger(quiet: json)
            let display = ProgressDisplay(log: log, quiet: json, format: logging.format)
            let result = try benchRanks(
                ranks: ranks, batch: batch, rounds: BenchRounds(rounds, seconds: seconds), program: thisProgram()
            ) { display.show($0) }
            if json { return try printJSON(result) }
            let table = TextTable<(name: String, scaling: RanksBench.Scaling)> { row in
                let scaling = row.scaling
                return [
                    Column(title: "scaling", value: row.name),
                    Column(title: "batch", value: scaling.batch.grouped, align: .right),
                    Column(
                        title: "\(ranks) threads samples/s",
                        value: Int(scaling.samplesPerSecondOfThreads).grouped, align: .right),
                    Column(
                        title: "\(ranks) ranks samples/s", value: Int(scaling.samplesPerSecond).grouped, align: .right),
                    Column(title: "of threads", value: number(scaling.ratio, digits: 2), align: .right),
                    Column(title: "bytes/sample", value: number(scaling.bytesPerSample, digits: 0), align: .right),
                    Column(title: "expected", value: number(scaling.expectedBytesPerSample, digits: 0), align: .right),
                ]
            }
            print(table.string(for: [("strong", result.strong), ("weak", result.weak)]) ?? "")
            print("medians of \(rounds) rounds; each rank has one thread")
        }
    }
}

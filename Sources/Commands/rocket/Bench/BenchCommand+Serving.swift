import ArgumentParser
import Benchmarks
import TextTable

extension BenchCommand {
    struct Serving: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "serving",
            abstract: "Compare scoring a request's candidates with onnxruntime.",
            discussion: """
                One user with several candidates per call, one thread: 39 fields × 16 numbers, 19 of them the user's, \
                a million rows of embeddings, values by Zipf's law, light 200-80, booster 720-360-240-180-90. Ranker \
                scores them from raw values, which it hashes, and from ids. With --python, onnxruntime runs the \
                exported light.onnx on the same ids in turn with it; the better of its run and its bound inputs \
                counts. The probabilities must be the same. A round in which other processes took more than 3 % of the \
                cores is measured again. Needs no database; --python needs the project's folder as working directory.

                Examples:
                  rocket bench serving
                  rocket bench serving --batch 200 --python .venv/bin/python --json
                """)

        @Option(help: ArgumentHelp("Candidates per request; several sizes separated by commas.", valueName: "counts"))
        var batch = "1,50,200,500"

        @Option(help: "Rounds.")
        var rounds = 7

        @Option(help: "Seconds of each way of scoring in a round.")
        var seconds = 0.2

        @Option(help: "A Python 3.10 or newer with onnxruntime and numpy, for the comparison with onnxruntime.")
        var python: String?

        @Flag(help: "Print as JSON: an object, or an array for several sizes.")
        var json = false

        @OptionGroup var logging: LogOptions

        func validate() throws {
            guard !sizes.isEmpty, sizes.count == batch.split(separator: ",").count,
                sizes.allSatisfy({ (1...100_000).contains($0) })
            else { throw ValidationError("--batch is \(batch), expected numbers from 1 to 100000, such as 1,200") }
            guard rounds >= 1 else { throw ValidationError("--rounds is \(rounds), expected 1 or more") }
            guard seconds > 0 else { throw ValidationError("--seconds is \(seconds), expected more than 0") }
        }

        private var sizes: [Int] { batch.split(separator: ",").compactMap { Int($0) } }

        func run() throws {
            let log = logging.logger(quiet: json)
            let display = ProgressDisplay(log: log, quiet: json, format: logging.format)
            let results = try benchServing(batches: sizes, rounds: rounds, seconds: seconds, python: python) {
                display.show($0)
            }
            if json {
                if results.count == 1 { try printJSON(results[0]) } else { try printJSON(results) }
                return
            }
            let table = TextTable<ServingLine> { line in
                [
                    Column(title: "candidates", value: "\(line.result.batch)", align: .right),
                    Column(title: "net", value: line.call.net),
                    Column(title: "dtype", value: line.call.dtype.rawValue),
                    Column(title: "from", value: line.call.from.rawValue),
                    Column(title: "µs a call", value: number(line.call.microseconds, digits: 1), align: .right),
                    Column(
                        title: "onnxruntime µs", value: number(line.result.onnxruntimeMicroseconds, digits: 1),
                        align: .right),
                    Column(title: "times as fast", value: number(line.call.ratio, digits: 2), align: .right),
                    Column(title: "largest difference", value: line.difference, align: .right),
                ]
            }
            print(table.string(for: results.flatMap { result in result.calls.map { ServingLine(result, $0) } }) ?? "")
            guard let result = results.first else { return }
            print(
                """
                onnxruntime: the exported light net on ready ids, \
                \(result.onnxruntimeConfiguration.map { "called by \($0)" } ?? "left out, see --python")
                one thread of \(result.cpuModel); \(result.embeddingRows.grouped) rows of embeddings, \
                \(result.requestFields) fields of the request, \(result.candidateFields) of each candidate
                median calls, medians of \(result.rounds) rounds; \(results.map(\.rejectedRounds).reduce(0, +)) rounds \
                rejected for foreign load
                """)
        }
    }
}

private struct ServingLine {
    let result: ServingBench
    let call: ServingCall

    init(_ result: ServingBench, _ call: ServingCall) {
        (self.result, self.call) = (result, call)
    }

    /// The largest difference of probabilities, as text.
    var difference: String {
        guard let difference = call.largestDifference else { return "–" }
        return difference < 1e-4 ? "< 0.0001" : number(difference, digits: 4)
    }
}

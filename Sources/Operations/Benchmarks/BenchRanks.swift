import Files
import Foundation
import Runs

/// `rocket bench ranks`: training by several ranks of this machine, one thread each, beside one process with as many
/// threads.
public struct RanksBench: Encodable, Sendable {
    public var ranks: Int
    /// The batch shared by the ranks as it is by the threads, and as many times as large: every rank has what one had.
    public var strong, weak: Scaling
    /// Resident memory of rank 0 at most, and of the process with threads.
    public var peakMebibytes, peakMebibytesOfThreads: Double
    public var rounds: Int

    /// Medians of the rounds.
    public struct Scaling: Encodable, Sendable {
        public var batch: Int
        public var samplesPerSecond: Double
        public var samplesPerSecondOfThreads: Double
        /// `samplesPerSecond` over that of the threads.
        public var ratio: Double
        /// Sent by all ranks, and what `ExchangeCost` says of it.
        public var bytesPerSample, expectedBytesPerSample: Double

        enum CodingKeys: String, CodingKey {
            case batch, ratio
            case samplesPerSecond = "samples_per_s"
            case samplesPerSecondOfThreads = "samples_per_s_threads"
            case bytesPerSample = "bytes_sent_per_sample"
            case expectedBytesPerSample = "expected_bytes_per_sample"
        }
    }

    enum CodingKeys: String, CodingKey {
        case ranks, strong, weak, rounds
        case peakMebibytes = "peak_mib"
        case peakMebibytesOfThreads = "peak_mib_threads"
    }
}

/// Runs the program again for each measurement, in turn: with threads, then with ranks, small batch and large.
///
/// - Parameter program: this program.
public func benchRanks(
    ranks: Int, batch: Int, rounds: BenchRounds, program: String, progress: ProgressHandler
) throws -> RanksBench {
    let asRoot = ["env", "OMPI_ALLOW_RUN_AS_ROOT=1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1"]
    let mpirun = (getuid() == 0 ? asRoot : []) + ["mpirun", "-n", "\(ranks)", "--oversubscribe", "--bind-to", "none"]
    func train(_ launcher: [String], threads: Int, batch: Int) throws -> TrainBench {
        let arguments = [
            "bench", "train", "--shape", "uniform", "--batch", "\(batch)", "--threads", "\(threads)", "--rounds", "1",
            "--seconds",
            "\(rounds.seconds)", "--json",
        ]
        let output = try ChildProcess.run(launcher + [program] + arguments, output: .kept).output
        return try JSONDecoder().decode(TrainBench.self, from: Data(output))
    }
    var found: [(threads: TrainBench, ranks: TrainBench)] = []
    for round in 0..<rounds.count {
        for batch in [batch, ranks * batch] {
            progress(StageProgress(title: "bench ranks", done: found.count, total: 2 * rounds.count, unit: "pairs"))
            // Who begins changes from round to round.
            if round % 2 == 0 {
                let threads = try train([], threads: ranks, batch: batch)
                found.append((threads, try train(mpirun, threads: 1, batch: batch)))
            } else {
                let together = try train(mpirun, threads: 1, batch: batch)
                found.append((try train([], threads: ranks, batch: batch), together))
            }
        }
    }
    func scaling(_ batch: Int) -> RanksBench.Scaling {
        let pairs = found.filter { $0.threads.batch == batch }
        return RanksBench.Scaling(
            batch: batch, samplesPerSecond: median(pairs.map(\.ranks.samplesPerSecond)),
            samplesPerSecondOfThreads: median(pairs.map(\.threads.samplesPerSecond)),
            ratio: median(pairs.map { $0.ranks.samplesPerSecond / $0.threads.samplesPerSecond }),
            bytesPerSample: median(pairs.map { $0.ranks.bytesPerSample ?? 0 }),
            expectedBytesPerSample: pairs.first?.ranks.expectedBytesPerSample ?? 0)
    }
    return RanksBench(
        ranks: ranks, strong: scaling(batch), weak: scaling(ranks * batch),
        peakMebibytes: found.map(\.ranks.peakMebibytes).max() ?? 0,
        peakMebibytesOfThreads: found.map(\.threads.peakMebibytes).max() ?? 0, rounds: rounds.count)
}

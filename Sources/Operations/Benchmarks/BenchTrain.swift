import Collectives
import Files
import Foundation
import Nets
import RocketLaunching
import Runs
import Training

/// `rocket bench train`: the co-training step on batches in memory, beside PyTorch.
public struct TrainBench: Codable, Sendable {
    public var arm: Arm
    public var shape: BenchShape
    public var batch: Int
    public var threads: Int
    public var dtype: DenseType
    /// That trained together; `threads` and `peakMebibytes` are of one of them.
    public var ranks: Int
    /// Rows of all tables together.
    public var embeddingRows: Int
    /// What all ranks sent, over the samples; nil for a single process. And what `ExchangeCost` says of it.
    public var bytesPerSample, expectedBytesPerSample: Double?
    /// Median of the rounds.
    public var samplesPerSecond: Double
    /// The floating-point operations per second that the nets would take by rows, over what bare matrix products reach
    /// on as many threads. Fields by ids need fewer, so that this may be above 1.
    public var gemmPeakShare: Double
    /// Share of the fields that went through each net's first layer by ids in the last step.
    public var fieldsByIDs: [String: Double]
    /// How fast each net scores the rows of a day; empty where several ranks keep the embeddings.
    public var scoring: [String: ScoringBench]
    /// Resident memory at most.
    public var peakMebibytes: Double
    /// Milliseconds of all threads together that a step spends in each of its parts.
    public var millisecondsPerStep: [String: Double]
    /// The best of PyTorch's configurations, its median; nil without `--python`.
    public var torchSamplesPerSecond: Double?
    public var torchConfiguration: String?
    /// `samplesPerSecond` over PyTorch's.
    public var ratio: Double?
    public var rounds: Int
    /// Rounds that were measured again because other processes took more than 3 % of the cores.
    public var rejectedRounds: Int

    enum CodingKeys: String, CodingKey {
        case arm, shape, batch, threads, dtype, ranks, ratio, rounds, scoring
        case embeddingRows = "embedding_rows"
        case bytesPerSample = "bytes_sent_per_sample"
        case expectedBytesPerSample = "expected_bytes_per_sample"
        case samplesPerSecond = "samples_per_s"
        case gemmPeakShare = "gemm_peak_share"
        case fieldsByIDs = "fields_by_ids"
        case peakMebibytes = "peak_mib"
        case millisecondsPerStep = "ms_per_step"
        case torchSamplesPerSecond = "torch_samples_per_s"
        case torchConfiguration = "torch_configuration"
        case rejectedRounds = "rejected_rounds"
    }
}

/// What is measured, the same on every rank.
package struct TrainBenchOrder: RankTask {
    package static let kind = "bench"

    let arm: Arm
    let batch: Int
    let threads: Int
    let dtype: DenseType
    let data: Data

    /// What the batches look like.
    package struct Data: Codable, Sendable {
        let shape: BenchShape
        /// Of all tables together, for the uniform shape.
        let embeddingRows: Int
        let ids: BenchIDs

        package init(_ shape: BenchShape, embeddingRows: Int, ids: BenchIDs) {
            (self.shape, self.embeddingRows, self.ids) = (shape, embeddingRows, ids)
        }
    }

    /// - Parameter threads: of each rank.
    package init(arm: Arm, batch: Int, threads: Int, dtype: DenseType, data: Data) {
        (self.arm, self.batch, self.threads, self.dtype, self.data) = (arm, batch, threads, dtype, data)
    }

    /// Trains as many steps as it is told, until there are none.
    package func follow(_ rank: FollowingRank) throws {
        let bench = TrainBenchRun(self, rank.group)
        while true {
            let steps = try bench.agree(on: 0)
            if steps == 0 { return }
            try bench.train(steps)
        }
    }
}

/// How often and for how long is measured.
public struct BenchRounds: Sendable {
    public var count: Int
    /// Length of one measurement.
    public var seconds: Double

    public init(_ count: Int, seconds: Double) {
        (self.count, self.seconds) = (count, seconds)
    }
}

/// How ids find their embedding rows.
public enum BenchIDs: String, CaseIterable, Codable, Sendable {
    /// An id is the number of its row.
    case rows
    /// Through a table of ids.
    case table
}

/// Measures the training step in rounds of some seconds, PyTorch in turn with it.
///
/// - Parameters:
///   - python: an interpreter with torch; nil: PyTorch is left out.
///   - launch: the ranks that train.
package func benchTrain(
    _ order: TrainBenchOrder, rounds: BenchRounds, python: String?, launch: RankedLaunch, progress: ProgressHandler
) throws -> TrainBench {
    let (arm, threads, type) = (order.arm, order.threads, order.dtype)
    guard type.isSupportedHere else { throw TrainingError.unsupported(type) }
    // Before the trainer is there, so that the probe's matrices do not count as its memory.
    let peak = MatrixProbe.peak(threads: threads, type: type)
    let collective = launch.collective
    try collective.send(order)
    let bench = TrainBenchRun(order, collective)
    var steps = 0
    func train(_ count: Int) throws {
        _ = try bench.agree(on: count)
        try bench.train(count)
        steps += count
    }
    // The first passes find memory and fill caches; the second tells how many steps a round has.
    try train(bench.batches)
    let start = ContinuousClock.now
    try train(bench.batches)
    let stepSeconds = (ContinuousClock.now - start) / .seconds(1) / Double(bench.batches)
    let stepsPerRound = max(1, Int(rounds.seconds / stepSeconds))
    let folder = try python.map { _ in try TemporaryFolder("bench") }
    defer { folder?.remove() }
    let peers = try python.map { python in
        let ids = "\(folder?.path ?? "")/ids"
        try bench.writeIDs(to: ids)
        let tables = order.data.shape.rows(order.data.embeddingRows).map(String.init).joined(separator: ",")
        return try ["eager", "compiled"].map { configuration in
            try TorchPeer(
                configuration, python,
                [
                    "--arm", arm.rawValue, "--batch", "\(order.batch)", "--threads", "\(threads)", "--dtype",
                    type.rawValue, "--tables", tables, "--ids", ids,
                ])
        }
    }
    defer { for peer in peers ?? [] { peer.process.end() } }
    let before = bench.trainer.profile
    let (firstStep, sentBefore) = (steps, collective.bytesSent)
    var rates: [Double] = []
    var rejected = 0
    while rates.count < rounds.count {
        progress(StageProgress(title: "bench train", done: rates.count, total: rounds.count, unit: "rounds"))
        let load = MachineLoad()
        let start = ContinuousClock.now
        try train(stepsPerRound)
        let rate = Double(stepsPerRound * bench.batch) / ((ContinuousClock.now - start) / .seconds(1))
        // A machine that is never quiet still gets its figures, and the count of the rejected rounds beside them. Other
        // ranks on this machine look like foreign load.
        if !collective.isShared, load.foreignShare() > MachineLoad.most, rejected < 3 * rounds.count {
            rejected += 1
            continue
        }
        rates.append(rate)
        for peer in peers ?? [] { try peer.measure(seconds: rounds.seconds) }
    }
    let samples = Double((steps - firstStep) * bench.batch)
    // Every rank sends as much as this one but for what ids happen to be where.
    let sent = Double(collective.ranks * (collective.bytesSent - sentBefore))
    _ = try bench.agree(on: 0)
    let rate = median(rates)
    let profile = bench.trainer.profile
    let count = Double(steps - firstStep)
    // Batches lie in memory, so nothing is read.
    let parts = zip(profile.parts, before.parts).filter { $0.0.name != "read" }
        .map { ($0.0.name, ($0.0.seconds - $0.1.seconds) / count * 1_000) }
    let memory = ProcessMemory.peakBytes
    let scoring = collective.isShared ? [:] : bench.scoring(rounds)
    let best = peers?.max { median($0.rates) < median($1.rates) }
    return TrainBench(
        arm: arm, shape: order.data.shape, batch: bench.batch, threads: threads, dtype: type, ranks: collective.ranks,
        embeddingRows: bench.rows, bytesPerSample: collective.isShared ? sent / samples : nil,
        expectedBytesPerSample: collective.isShared ? bench.expectedBytesPerSample : nil,
        samplesPerSecond: rate,
        gemmPeakShare: rate * Double(bench.trainer.operationsPerSample) / peak / Double(collective.ranks),
        fieldsByIDs: bench.trainer.fieldsByIDs, scoring: scoring, peakMebibytes: Double(memory) / 1_048_576,
        millisecondsPerStep: Dictionary(uniqueKeysWithValues: parts),
        torchSamplesPerSecond: best.map { median($0.rates) }, torchConfiguration: best?.configuration,
        ratio: best.map { rate / median($0.rates) }, rounds: rounds.count, rejectedRounds: rejected)
}

/// `jobs/torch-train`, running and waiting for its turns.
private final class TorchPeer {
    let configuration: String
    let process: BenchPeer
    private(set) var rates: [Double] = []

    init(_ configuration: String, _ python: String, _ arguments: [String]) throws {
        self.configuration = configuration
        process = try BenchPeer(
            python, script: "jobs/torch-train", needs: "torch", ["--configuration", configuration] + arguments)
    }

    func measure(seconds: Double) throws {
        rates.append(try process.number(for: "\(seconds)"))
    }
}

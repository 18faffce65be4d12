import Collectives
import CounterRandom
import FeatureCache
import Foundation
import Nets
import RankedTraining
import RocketLaunching
import Runs
import SampleLogs
import Training

/// `rocket bench train`: the co-training step on batches in memory, beside PyTorch.
public struct TrainBench: Codable, Sendable {
    public var arm: Arm
    public var batch: Int
    public var threads: Int
    public var dtype: DenseType
    /// That trained together; `threads` and `peakMebibytes` are of one of them.
    public var ranks: Int
    /// Rows of all tables together.
    public var embeddingRows: Int
    /// What all ranks sent, over the samples; nil for a single process. And what `ExchangeCost` says of it.
    public var bytesASample, expectedBytesASample: Double?
    /// Median of the rounds.
    public var samplesPerSecond: Double
    /// The nets' floating-point operations per second, over what bare matrix products reach on as many threads.
    public var gemmPeakShare: Double
    /// Resident memory at most.
    public var peakMebibytes: Double
    /// Milliseconds of all threads together that a step spends in each of its parts.
    public var millisecondsAStep: [String: Double]
    /// The best of PyTorch's configurations, its median; nil without `--python`.
    public var torchSamplesPerSecond: Double?
    public var torchConfiguration: String?
    /// `samplesPerSecond` over PyTorch's.
    public var ratio: Double?
    public var rounds: Int
    /// Rounds that were measured again because other processes took more than 3 % of the cores.
    public var rejectedRounds: Int

    enum CodingKeys: String, CodingKey {
        case arm, batch, threads, dtype, ranks, ratio, rounds
        case embeddingRows = "embedding_rows"
        case bytesASample = "bytes_sent_per_sample"
        case expectedBytesASample = "expected_bytes_per_sample"
        case samplesPerSecond = "samples_per_s"
        case gemmPeakShare = "gemm_peak_share"
        case peakMebibytes = "peak_mib"
        case millisecondsAStep = "ms_per_step"
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
    let embeddingRows: Int
    let ids: BenchIDs

    /// - Parameters:
    ///   - threads: of each rank.
    ///   - embeddingRows: of all tables together.
    package init(arm: Arm, batch: Int, threads: Int, dtype: DenseType, embeddingRows: Int, ids: BenchIDs) {
        (self.arm, self.batch, self.threads) = (arm, batch, threads)
        (self.dtype, self.embeddingRows, self.ids) = (dtype, embeddingRows, ids)
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

/// The paper's industrial nets on 39 fields × 16 numbers, ids by Zipf's law.
private struct BenchNets {
    static let fields = 39
    static let nets = NetSpecification(embeddingDim: 16, light: [200, 80], booster: [720, 360, 240, 180, 90])
    static let batches = 24
    static let exponent = 1.05

    /// Rows of each field's table.
    let rows: Int
    private let ids: BenchIDs

    init(embeddingRows: Int, ids: BenchIDs) {
        rows = max(3, embeddingRows / Self.fields)
        self.ids = ids
    }

    /// The tables of ids: none, or in each field as many ids as it has rows, but for the missing value's and the shared
    /// one.
    private var tables: IDTables {
        guard ids == .table else { return .none }
        let table = IDTable((1...rows - 2).map { Self.spread($0) }.sorted())
        return IDTables([IDTable?](repeating: table, count: Self.fields))
    }

    /// A different number of 31 bits for each rank, like a hash: the count of such numbers is prime.
    private static func spread(_ rank: Int) -> UInt32 { UInt32(1 + (rank * 0x9E37_79B1) % Int(IDTable.largestID)) }

    func trainer(_ order: TrainBenchOrder, _ collective: any Collective) -> CoTrainer {
        let layout = InputLayout(
            fields: (0..<Self.fields).map {
                FieldShape(name: "f\($0)", rows: rows, multiValued: false, hasIDTable: ids == .table ? true : nil)
            }, numerics: [])
        return CoTrainer(
            TrainingPlan(
                arm: order.arm, layout: layout, nets: Self.nets, rocket: RocketSpecification(sharing: .embeddings),
                training: TrainingSpecification(
                    batches: .init(size: order.batch), denseType: order.dtype, machine: .init(threads: order.threads)),
                clickRate: 0.02), known: KnownIDs(layout, tables: tables),
            peers: collective.isShared ? RankPeers(collective) : Alone())
    }

    /// A rank's rows of each batch.
    func data(rows count: Int, rank: Int) -> [SparseBatch] {
        let zipf = ZipfDistribution(count: rows, exponent: Self.exponent)
        func id(_ rank: Int) -> UInt32 { ids == .table ? Self.spread(rank) : UInt32(rank - 1) }
        return (0..<Self.batches).map { number in
            var random = CounterRandom(seed: 1, stream: UInt64(number + Self.batches * rank))
            return SparseBatch(
                labels: (0..<count).map { _ in random.uniform() < 0.02 ? 1 : 0 },
                groups: [UInt64](repeating: 0, count: count),
                fields: (0..<Self.fields).map { _ in .single((0..<count).map { _ in id(zipf.draw(&random)) }) })
        }
    }
}

/// The trainer with its batches, on one rank.
private struct TrainBenchRun {
    let trainer: CoTrainer
    let rows: Int
    private let collective: any Collective
    private let data: [SparseBatch]

    init(_ order: TrainBenchOrder, _ collective: any Collective) {
        let nets = BenchNets(embeddingRows: order.embeddingRows, ids: order.ids)
        self.collective = collective
        rows = nets.rows * BenchNets.fields
        data = nets.data(rows: max(1, order.batch / collective.ranks), rank: collective.rank)
        trainer = nets.trainer(order, collective)
    }

    /// Rows of a whole batch.
    var batch: Int { data[0].rows * collective.ranks }
    var batches: Int { data.count }

    /// Rank 0's number of steps, on all ranks.
    func agree(on steps: Int) throws -> Int {
        try Int(collective.startGather([Double(steps)]).wait()[0][0])
    }

    /// Computed from the probabilities of the ids, not from the ids drawn.
    var expectedBytesASample: Double {
        let total = (1...rows / BenchNets.fields).reduce(0.0) { $0 + pow(Double($1), -BenchNets.exponent) }
        let share = Double(batch / collective.ranks)
        let distinct = (1...rows / BenchNets.fields).reduce(0.0) { sum, rank in
            sum + 1 - pow(1 - pow(Double(rank), -BenchNets.exponent) / total, share)
        }
        return trainer.exchangeCost(distinct: [Double](repeating: distinct, count: BenchNets.fields))
            .bytesAStep(ranks: collective.ranks) / Double(batch)
    }

    func train(_ steps: Int) throws { try trainer.runSteps(steps, over: data) }
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
    let stepsARound = max(1, Int(rounds.seconds / stepSeconds))
    let peers = try python.map { python in
        try ["eager", "compiled"].map { configuration in
            try TorchPeer(
                configuration, python,
                [
                    "--arm", arm.rawValue, "--batch", "\(order.batch)", "--threads", "\(threads)", "--dtype",
                    type.rawValue,
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
        try train(stepsARound)
        let rate = Double(stepsARound * bench.batch) / ((ContinuousClock.now - start) / .seconds(1))
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
    let best = peers?.max { median($0.rates) < median($1.rates) }
    return TrainBench(
        arm: arm, batch: bench.batch, threads: threads, dtype: type, ranks: collective.ranks,
        embeddingRows: bench.rows, bytesASample: collective.isShared ? sent / samples : nil,
        expectedBytesASample: collective.isShared ? bench.expectedBytesASample : nil,
        samplesPerSecond: rate,
        gemmPeakShare: rate * Double(bench.trainer.operationsASample) / peak / Double(collective.ranks),
        peakMebibytes: Double(ProcessMemory.peakBytes) / 1_048_576,
        millisecondsAStep: Dictionary(uniqueKeysWithValues: parts),
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

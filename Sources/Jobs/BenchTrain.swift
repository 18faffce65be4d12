import CounterRandom
import FeatureCache
import Foundation
import Nets
import RocketLaunching
import SampleLogs

/// `rocket bench train`: the co-training step on batches in memory, beside PyTorch.
public struct TrainBench: Encodable, Sendable {
    public var arm: Arm
    public var batch: Int
    public var threads: Int
    public var dtype: DenseType
    /// Of all tables together.
    public var embeddingRows: Int
    /// Median of the rounds.
    public var samplesPerSecond: Double
    /// The nets' floating-point operations a second over what bare matrix products reach on as many threads.
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
        case arm, batch, threads, dtype, ratio, rounds
        case embeddingRows = "embedding_rows"
        case samplesPerSecond = "samples_per_s"
        case gemmPeakShare = "gemm_peak_share"
        case peakMebibytes = "peak_mib"
        case millisecondsAStep = "ms_per_step"
        case torchSamplesPerSecond = "torch_samples_per_s"
        case torchConfiguration = "torch_configuration"
        case rejectedRounds = "rejected_rounds"
    }
}

/// The paper's industrial nets on 39 fields × 16 numbers, a million rows of embeddings, ids by Zipf's law.
private struct BenchNets {
    static let fields = 39
    static let nets = NetSpecification(embeddingDim: 16, light: [200, 80], booster: [720, 360, 240, 180, 90])
    static let batches = 24

    /// Rows of each field's table.
    let rows: Int

    init(embeddingRows: Int) {
        rows = max(2, embeddingRows / Self.fields)
    }

    func trainer(_ arm: Arm, batch: Int, threads: Int, type: DenseType) -> CoTrainer {
        CoTrainer(
            arm: arm,
            layout: InputLayout(
                fields: (0..<Self.fields).map { FieldShape(name: "f\($0)", rows: rows, multiValued: false) },
                numerics: []),
            nets: Self.nets, rocket: RocketSpecification(sharing: .embeddings),
            training: TrainingSpecification(batchSize: batch, denseType: type, threads: threads), clickRate: 0.02)
    }

    func data(batch: Int) -> [SparseBatch] {
        let zipf = ZipfDistribution(count: rows, exponent: 1.05)
        return (0..<Self.batches).map { number in
            var random = CounterRandom(seed: 1, stream: UInt64(number))
            return SparseBatch(
                labels: (0..<batch).map { _ in random.uniform() < 0.02 ? 1 : 0 },
                groups: [UInt64](repeating: 0, count: batch),
                fields: (0..<Self.fields).map { _ in .single((0..<batch).map { _ in UInt32(zipf.draw(&random) - 1) }) })
        }
    }
}

/// Measures the training step in rounds of some seconds, PyTorch in turn with it.
///
/// - Parameter python: an interpreter with torch; nil: PyTorch is left out.
public func benchTrain(
    arm: Arm, batch: Int, threads: Int, type: DenseType, embeddingRows: Int = 1_000_000, rounds: Int, seconds: Double,
    python: String?, progress: ProgressHandler
) throws -> TrainBench {
    guard type.isSupportedHere else { throw TrainingError.unsupported(type) }
    // Before the trainer is there, so that the probe's matrices do not count as its memory.
    let peak = MatrixProbe.peak(threads: threads, type: type)
    let nets = BenchNets(embeddingRows: embeddingRows)
    let data = nets.data(batch: batch)
    let trainer = nets.trainer(arm, batch: batch, threads: threads, type: type)
    var steps = 0
    func step() {
        _ = trainer.step(data[steps % data.count], progress: 0)
        steps += 1
    }
    for _ in 0..<data.count { step() }
    let peers = try python.map { python in
        try ["eager", "compiled"].map { configuration in
            try TorchPeer(
                configuration, python,
                ["--arm", arm.rawValue, "--batch", "\(batch)", "--threads", "\(threads)", "--dtype", type.rawValue])
        }
    }
    defer { peers?.forEach { $0.process.end() } }
    let before = trainer.profile
    let firstStep = steps
    var rates: [Double] = []
    var rejected = 0
    while rates.count < rounds {
        progress(StageProgress(title: "bench train", done: rates.count, total: rounds, unit: "rounds"))
        let load = MachineLoad()
        let start = ContinuousClock.now
        let first = steps
        repeat { step() } while (ContinuousClock.now - start) / .seconds(1) < seconds
        let rate = Double((steps - first) * batch) / ((ContinuousClock.now - start) / .seconds(1))
        // A machine that is never quiet still gets its figures, and the count of the rejected rounds beside them.
        if load.foreignShare() > MachineLoad.most, rejected < 3 * rounds {
            rejected += 1
            continue
        }
        rates.append(rate)
        try peers?.forEach { try $0.measure(seconds: seconds) }
    }
    let rate = median(rates)
    let profile = trainer.profile
    let count = Double(steps - firstStep)
    // Batches lie in memory, so nothing is read.
    let parts = zip(profile.parts, before.parts).filter { $0.0.name != "read" }
        .map { ($0.0.name, ($0.0.seconds - $0.1.seconds) / count * 1_000) }
    let best = peers?.max { median($0.rates) < median($1.rates) }
    return TrainBench(
        arm: arm, batch: batch, threads: threads, dtype: type, embeddingRows: nets.rows * BenchNets.fields,
        samplesPerSecond: rate, gemmPeakShare: rate * Double(trainer.operationsASample) / peak,
        peakMebibytes: Double(ProcessMemory.peakBytes) / 1_048_576,
        millisecondsAStep: Dictionary(uniqueKeysWithValues: parts),
        torchSamplesPerSecond: best.map { median($0.rates) }, torchConfiguration: best?.configuration,
        ratio: best.map { rate / median($0.rates) }, rounds: rounds, rejectedRounds: rejected)
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

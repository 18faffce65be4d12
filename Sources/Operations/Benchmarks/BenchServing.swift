import Evaluation
import Files
import Foundation
import Nets
import RocketLaunching
import RocketServing
import Runs

/// `rocket bench serving`: requests of one size scored by `Ranker`, beside onnxruntime.
public struct ServingBench: Encodable, Sendable {
    /// Candidates of a request.
    public var batch: Int
    /// Features of the request, and of each candidate.
    public var requestFields, candidateFields: Int
    /// Rows of all tables together.
    public var embeddingRows: Int
    public var calls: [ServingCall]
    /// A call of the exported light net in onnxruntime, one thread, from ids; nil without `--python`.
    public var onnxruntimeMicroseconds: Double?
    /// The way of calling it that was fastest.
    public var onnxruntimeConfiguration: String?
    public var cpuModel: String
    public var rounds: Int
    /// Rounds that were measured again because other processes took more than 3 % of the cores.
    public var rejectedRounds: Int

    enum CodingKeys: String, CodingKey {
        case batch, calls, rounds
        case requestFields = "request_fields"
        case candidateFields = "candidate_fields"
        case embeddingRows = "embedding_rows"
        case onnxruntimeMicroseconds = "onnxruntime_us"
        case onnxruntimeConfiguration = "onnxruntime_configuration"
        case cpuModel = "cpu_model"
        case rejectedRounds = "rejected_rounds"
    }
}

/// One way of scoring a request with `Ranker`, on one thread.
public struct ServingCall: Encodable, Sendable {
    public enum Source: String, Encodable, Sendable {
        /// Values as a server gets them: hashing and scoring.
        case values
        /// Rows that were encoded before: what onnxruntime is given.
        case ids
    }

    /// `light` or `booster`
    public var net: String
    public var dtype: DenseType
    public var from: Source
    /// Median call, the median of the rounds.
    public var microseconds: Double
    /// onnxruntime's time over this one's, the median of the rounds' ratios.
    public var ratio: Double?
    /// Between its probabilities and onnxruntime's; nil for the booster, which is not exported.
    public var largestDifference: Double?

    enum CodingKeys: String, CodingKey {
        case net, dtype, from, ratio
        case microseconds = "us"
        case largestDifference = "largest_difference"
    }
}

/// Measures requests of each size in rounds, onnxruntime in turn with `Ranker`.
///
/// - Parameters:
///   - seconds: of each way of scoring in a round.
///   - python: an interpreter with onnxruntime and numpy; nil: onnxruntime is left out.
/// - Throws: `BenchError`, also where the same probabilities do not come out.
public func benchServing(
    batches: [Int], rounds: Int, seconds: Double, python: String?, progress: ProgressHandler
) throws -> [ServingBench] {
    let nets = ServingBenchNets()
    let requests = batches.map { size in (0..<ServingBenchNets.requests).map { nets.request($0, candidates: size) } }
    let folder = try TemporaryFolder("rocket-bench")
    defer { folder.remove() }
    func write(_ bytes: [UInt8], _ name: String) throws {
        try OutputFile("\(folder.path)/\(name)", streams: .refused).replace(with: bytes)
    }
    let peer = try python.map { python in
        try write(nets.onnx(), "light.onnx")
        for (size, requests) in zip(batches, requests) {
            // All machines that this is built for are little endian.
            let ids = Array(requests.map(\.ids).joined()).withUnsafeBytes { Array($0) }
            try write(ids, "ids-\(size)")
        }
        return try BenchPeer(
            python, script: "jobs/onnx-serve", needs: "onnxruntime and numpy",
            [folder.path, "--requests", "\(ServingBenchNets.requests)"])
    }
    defer { peer?.end() }
    return try zip(batches, requests).map { size, requests in
        try ServingRounds(nets, requests, size: size, peer).measure(rounds: rounds, seconds: seconds, progress)
    }
}

/// All ways of scoring the requests of one size, measured in turn.
private final class ServingRounds {
    private let requests: [ServingBenchRequest]
    private let size, embeddingRows: Int
    private let requestFields, candidateFields: Int
    private let peer: BenchPeer?
    private let contestants: [Contestant]
    private var times: [[Double]]
    private var peerTimes: [String: [Double]] = [:]
    private var rejected = 0

    private static let peerConfigurations = ["run", "io_binding"]
    private static let mostDifference = 1e-4

    init(_ nets: ServingBenchNets, _ requests: [ServingBenchRequest], size: Int, _ peer: BenchPeer?) throws {
        (self.requests, self.size, self.peer, embeddingRows) = (requests, size, peer, nets.embeddingRows)
        let types: [DenseType] = DenseType.bf16.isSupportedHere ? [.f32, .bf16] : [.f32]
        let kinds = types.map { (Net.servedLight.name, $0) } + [(Net.booster.name, .f32)]
        let rankers = try kinds.map { try (net: $0.0, dtype: $0.1, ranker: nets.ranker($0.0, $0.1)) }
        requestFields = rankers[0].ranker.encoder.requestColumns.count
        candidateFields = rankers[0].ranker.encoder.candidateColumns.count
        contestants = try rankers.flatMap { net, dtype, ranker in
            let encoded = try requests.map { try $0.encoded(by: ranker.encoder) }
            var rows = RawRows(columns: ranker.encoder.candidateColumns)
            return [
                Contestant(net: net, dtype: dtype, from: .values) { number in
                    rows.removeAll()
                    for row in requests[number].candidates { try rows.append(row) }
                } call: { number, output in
                    try ranker.score(request: requests[number].values, candidates: rows, into: &output)
                },
                Contestant(net: net, dtype: dtype, from: .ids) { _ in
                } call: { number, output in
                    try ranker.score(
                        request: encoded[number].request, candidates: encoded[number].candidates, into: &output)
                },
            ]
        }
        times = [[Double]](repeating: [], count: contestants.count)
    }

    func measure(rounds: Int, seconds: Double, _ progress: ProgressHandler) throws -> ServingBench {
        let differences = try contestants.map { try largestDifference($0) }
        var done = 0
        while done < rounds {
            progress(
                StageProgress(title: "bench serving: \(size) candidates", done: done, total: rounds, unit: "rounds"))
            let load = MachineLoad()
            let round = try contestants.map { try microseconds($0, seconds: seconds) }
            // A machine that is never quiet still gets its figures, and the count of the rejected rounds beside them.
            if load.foreignShare() > MachineLoad.most, rejected < 3 * rounds {
                rejected += 1
                continue
            }
            for (index, time) in round.enumerated() { times[index].append(time) }
            if let peer {
                for name in Self.peerConfigurations {
                    peerTimes[name, default: []].append(try peer.number(for: "time \(name) \(size) \(seconds)"))
                }
            }
            done += 1
        }
        return result(differences, rounds: rounds)
    }

    private func result(_ differences: [Double?], rounds: Int) -> ServingBench {
        let best = peerTimes.min { median($0.value) < median($1.value) }
        let calls = contestants.indices.map { index in
            ServingCall(
                net: contestants[index].net, dtype: contestants[index].dtype, from: contestants[index].from,
                microseconds: median(times[index]),
                ratio: best.map { median(zip($0.value, times[index]).map { $0 / $1 }) },
                largestDifference: differences[index])
        }
        return ServingBench(
            batch: size, requestFields: requestFields, candidateFields: candidateFields, embeddingRows: embeddingRows,
            calls: calls, onnxruntimeMicroseconds: best.map { median($0.value) },
            onnxruntimeConfiguration: best?.key, cpuModel: LatencyProbe.cpuModel(), rounds: rounds,
            rejectedRounds: rejected)
    }

    /// Between a net's probabilities of all requests and onnxruntime's; nil for the booster, and where nothing is
    /// compared.
    private func largestDifference(_ contestant: Contestant) throws -> Double? {
        guard let peer, contestant.net == Net.servedLight.name else { return nil }
        var largest = 0.0
        var output = [Float](repeating: 0, count: size)
        for number in requests.indices {
            try contestant.prepare(number)
            try contestant.call(number, &output)
            let expected = try peer.numbers(for: "probabilities \(number) \(size)")
            guard expected.count == size else { throw BenchError.different(largest: 1, most: Self.mostDifference) }
            for (found, expected) in zip(output, expected) {
                let difference = abs(Double(found) - expected)
                // `max` passes over NaN.
                largest = max(largest, difference.isNaN ? .infinity : difference)
            }
        }
        guard largest <= Self.mostDifference || contestant.dtype == .bf16 else {
            throw BenchError.different(largest: largest, most: Self.mostDifference)
        }
        return largest
    }

    /// The median call of some time.
    private func microseconds(_ contestant: Contestant, seconds: Double) throws -> Double {
        var output = [Float](repeating: 0, count: size)
        var calls: [Double] = []
        let end = ContinuousClock.now + .seconds(seconds)
        var start = ContinuousClock.now
        while start < end || calls.count < requests.count {
            let number = calls.count % requests.count
            try contestant.prepare(number)
            start = .now
            try contestant.call(number, &output)
            calls.append((ContinuousClock.now - start) / .microseconds(1))
        }
        return median(calls)
    }
}

/// A way of scoring: a request by its number, its probabilities.
private struct Contestant {
    let net: String
    let dtype: DenseType
    let from: ServingCall.Source
    /// Puts a request's values together, which a server has just done when it scores them; not measured.
    let prepare: (Int) throws -> Void
    let call: (Int, inout [Float]) throws -> Void
}

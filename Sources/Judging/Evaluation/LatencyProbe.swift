import Foundation
import Histogram

/// A probe that times the scoring calls of a net, back to back or at a fixed rate, or of two nets in turn.
public struct LatencyProbe: Sendable {
    /// Batch sizes to report on; the caller builds a batch of each size and calls `measure` with it.
    public var batchSizes: [Int]
    /// Number of timed calls per report.
    public var calls: Int
    /// Number of calls before the timed ones, which fill caches and let kernels be chosen.
    public var warmUp: Int

    public init(batchSizes: [Int] = [1, 50, 200, 500], calls: Int = 2_000, warmUp: Int = 200) {
        self.batchSizes = batchSizes
        self.calls = max(calls, 1)
        self.warmUp = max(warmUp, 0)
    }

    /// Times `call`, which scores `batchSize` impressions.
    public func measure(net: String, batchSize: Int, call: () throws -> Void) rethrows -> LatencyReport {
        for _ in 0..<warmUp { try call() }
        var timing = Timing()
        for _ in 0..<calls { try timing.time(call) }
        return timing.report(net: net, batchSize: batchSize, cpuModel: Self.cpuModel())
    }

    /// Times two nets in one run, one call each in turn and with the order swapped every time, so that both meet the
    /// same clock frequency and neighbours and their ratio is fair. Each net finds the caches as the other left them,
    /// so its own figures may be slightly above those of a separate run.
    public func measure(
        net: String, against other: String, batchSize: Int, call: () throws -> Void, otherCall: () throws -> Void
    ) rethrows -> (net: LatencyReport, other: LatencyReport) {
        let reports = try measure([net, other], batchSize: batchSize) { try $0 == 0 ? call() : otherCall() }
        return (reports[0], reports[1])
    }

    /// The same of several nets, another one beginning each round.
    ///
    /// - Parameter call: Scores with the net of a number.
    public func measure(
        _ nets: [String], batchSize: Int, call: (Int) throws -> Void
    ) rethrows -> [LatencyReport] {
        for _ in 0..<warmUp { for net in nets.indices { try call(net) } }
        var timings = nets.map { _ in Timing() }
        for round in 0..<calls {
            for place in nets.indices {
                let net = (round + place) % nets.count
                try timings[net].time { try call(net) }
            }
        }
        let model = Self.cpuModel()
        return zip(nets, timings).map { $1.report(net: $0, batchSize: batchSize, cpuModel: model) }
    }

    /// Times `call` at a fixed rate. Latency counts from the intended start of a call, so that a call delayed by a
    /// stall before it has waited, as a request would have (Tene, "How NOT to Measure Latency", 2013).
    ///
    /// - Parameter callsPerSecond: Above 0; at more than the net can do, every call is later than the one before.
    public func measurePaced(
        net: String, batchSize: Int, callsPerSecond: Double, call: () throws -> Void
    ) rethrows -> LatencyReport {
        for _ in 0..<warmUp { try call() }
        var timing = Timing()
        let start = ContinuousClock.now
        for number in 0..<calls {
            let intended = start + .seconds(Double(number) / callsPerSecond)
            // A sleep ends late, so the last part of the wait is a busy loop.
            let wait = ContinuousClock.now.duration(to: intended) - .microseconds(200)
            if wait > .zero { usleep(UInt32(wait / .microseconds(1))) }
            while ContinuousClock.now < intended {}
            try timing.time(since: intended, call)
        }
        return timing.report(
            net: net, batchSize: batchSize, cpuModel: Self.cpuModel(), pace: callsPerSecond)
    }

    /// Returns the first `model name` in `/proc/cpuinfo`, or `unknown` if the kernel gives none.
    public static func cpuModel() -> String {
        guard let text = try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8) else { return "unknown" }
        return cpuModel(cpuinfo: text)
    }

    /// Returns the CPU's name from the text of a `cpuinfo` file.
    package static func cpuModel(cpuinfo: String) -> String {
        for line in cpuinfo.split(separator: "\n") where line.hasPrefix("model name") {
            guard let colon = line.firstIndex(of: ":") else { continue }
            return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
        }
        return "unknown"
    }
}

/// Durations of calls in nanoseconds.
private struct Timing {
    private var histogram = Histogram<UInt64>(numberOfSignificantValueDigits: .three)
    private var total = Duration.zero
    private var calls = 0

    mutating func time(since intended: ContinuousClock.Instant? = nil, _ call: () throws -> Void) rethrows {
        let start = intended ?? ContinuousClock.now
        try call()
        let elapsed = ContinuousClock.now - start
        total += elapsed
        calls += 1
        // The histogram resizes itself, so recording cannot fail.
        _ = histogram.record(UInt64(max(elapsed / .nanoseconds(1), 1)))
    }

    /// - Parameter pace: Calls per second; nil for back to back.
    func report(net: String, batchSize: Int, cpuModel: String, pace: Double? = nil) -> LatencyReport {
        func microseconds(_ percentile: Double) -> Double { Double(histogram.valueAtPercentile(percentile)) / 1_000 }
        let seconds = max(total / .seconds(1), 1e-9)
        var report = LatencyReport(
            net: net, batchSize: batchSize, mode: pace == nil ? .backToBack : .paced, callsPerSecond: pace,
            calls: calls, cpuModel: cpuModel)
        report.p50Microseconds = microseconds(50)
        report.p90Microseconds = microseconds(90)
        report.p99Microseconds = microseconds(99)
        report.p999Microseconds = microseconds(99.9)
        report.meanMicroseconds = seconds / Double(calls) * 1e6
        report.scoresPerSecond = Double(batchSize) * (pace ?? Double(calls) / seconds)
        return report
    }
}

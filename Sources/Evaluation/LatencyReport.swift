/// How long one net took to score batches of one size on one machine. Percentiles are exact to three significant
/// digits (HdrHistogram).
public struct LatencyReport: Codable, Equatable, Sendable {
    /// Which net was timed: `light`, `booster`.
    public var net: String
    /// Impressions scored by one call.
    public var batchSize: Int
    /// Timed calls, without the warm-up.
    public var calls: Int
    public var p50Microseconds: Double
    public var p90Microseconds: Double
    public var p99Microseconds: Double
    public var p999Microseconds: Double
    public var meanMicroseconds: Double
    /// Impressions scored per second of timed calls.
    public var scoresPerSecond: Double
    /// The processor's name as the kernel reports it.
    public var cpuModel: String

    public init(
        net: String, batchSize: Int, calls: Int, p50Microseconds: Double, p90Microseconds: Double,
        p99Microseconds: Double, p999Microseconds: Double, meanMicroseconds: Double, scoresPerSecond: Double,
        cpuModel: String
    ) {
        self.net = net
        self.batchSize = batchSize
        self.calls = calls
        self.p50Microseconds = p50Microseconds
        self.p90Microseconds = p90Microseconds
        self.p99Microseconds = p99Microseconds
        self.p999Microseconds = p999Microseconds
        self.meanMicroseconds = meanMicroseconds
        self.scoresPerSecond = scoresPerSecond
        self.cpuModel = cpuModel
    }
}

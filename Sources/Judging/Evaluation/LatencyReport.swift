/// The time that one net took to score batches of one size on one machine. Percentiles are exact to three significant
/// digits (HdrHistogram).
public struct LatencyReport: Codable, Equatable, Sendable {
    /// The timed net: `light` or one of `nets.lights`, or `booster`.
    public var net: String
    /// Impressions scored by one call.
    public var batchSize: Int
    public var mode: Mode
    /// For paced calls: how many began per second.
    public var callsPerSecond: Double?
    /// Number of timed calls, without the warm-up.
    public var calls: Int
    public package(set) var p50Microseconds = 0.0
    public package(set) var p90Microseconds = 0.0
    public package(set) var p99Microseconds = 0.0
    public package(set) var p999Microseconds = 0.0
    public package(set) var meanMicroseconds = 0.0
    /// Impressions scored per second of timed calls.
    public package(set) var scoresPerSecond = 0.0
    /// The processor's name as the kernel reports it.
    public var cpuModel: String
    public var cost: ExampleCost?

    /// When a call begins.
    public enum Mode: String, Codable, Sendable {
        /// When the previous call has ended.
        case backToBack = "back_to_back"
        /// At a fixed rate; latency counts from the intended start, so that a stall counts for every call it delays.
        case paced
    }

    /// A report whose times are still to be filled in.
    package init(net: String, batchSize: Int, mode: Mode, callsPerSecond: Double?, calls: Int, cpuModel: String) {
        self.net = net
        self.batchSize = batchSize
        self.mode = mode
        self.callsPerSecond = callsPerSecond
        self.calls = calls
        self.cpuModel = cpuModel
    }
}

/// The cost of scoring one example, independent of the machine.
public struct ExampleCost: Codable, Equatable, Sendable {
    /// Floating-point operations of the dense layers' products.
    public var operations: Int
    /// Bytes of weights read per example: its embeddings, and its share of the dense weights, which a call reads once.
    public var bytes: Double

    public init(operations: Int, bytes: Double) {
        self.operations = operations
        self.bytes = bytes
    }
}

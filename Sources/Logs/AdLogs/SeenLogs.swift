/// The parts of a range of logs that decide its rows and labels, in four numbers that add up over ranges.
public struct SeenLogs: Equatable, Codable, Sendable {
    /// Impressions that have an id.
    public var impressions = 0
    /// Sum of the impressions' times in microseconds, modulo 10¹⁵.
    public var impressionTimes: Int64 = 0
    /// Impressions that a click labels.
    public var clicked = 0
    /// Sum of the labelled impressions' times in microseconds, modulo 10¹⁵.
    public var clickedTimes: Int64 = 0

    public init(impressions: Int = 0, impressionTimes: Int64 = 0, clicked: Int = 0, clickedTimes: Int64 = 0) {
        self.impressions = impressions
        self.impressionTimes = impressionTimes
        self.clicked = clicked
        self.clickedTimes = clickedTimes
    }

    /// Counts an impression.
    @inline(__always)
    public mutating func add(_ time: Instant, clicked isClicked: Bool) {
        impressions &+= 1
        impressionTimes = (impressionTimes &+ time.microseconds % Self.modulus) % Self.modulus
        if isClicked {
            clicked &+= 1
            clickedTimes = (clickedTimes &+ time.microseconds % Self.modulus) % Self.modulus
        }
    }

    public static func + (left: SeenLogs, right: SeenLogs) -> SeenLogs {
        SeenLogs(
            impressions: left.impressions + right.impressions,
            impressionTimes: (left.impressionTimes + right.impressionTimes) % modulus,
            clicked: left.clicked + right.clicked, clickedTimes: (left.clickedTimes + right.clickedTimes) % modulus)
    }

    private static let modulus: Int64 = 1_000_000_000_000_000
}

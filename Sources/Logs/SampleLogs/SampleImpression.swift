import Days

/// The place and time of an impression.
struct SamplePlace: Equatable, Sendable {
    var site: UInt8
    var slot: UInt8
    /// 0…23 UTC.
    var hour: Int
    /// 0 is Thursday, the weekday of 1970-01-01.
    var weekday: Int
}

/// One impression of the generated log, with its clicks.
public struct SampleImpression: Equatable, Sendable {
    public let seed: UInt64
    public let day: Day
    /// The number within the day, from 0 in time order.
    public let number: Int
    public let impressedAtMicroseconds: Int64
    public let user: SampleUser
    public let ad: SampleAd
    let place: SamplePlace
    /// The exact probability that the impression is clicked within the attribution window.
    public let trueClickProbability: Double
    /// Microseconds from the impression to its click; nil without a click.
    public let clickDelayMicroseconds: Int64?
    /// Microseconds from the impression to the second row of the same click; nil unless the log has it twice.
    public let duplicateDelayMicroseconds: Int64?
    /// Whether the click came only after the attribution window.
    public let isLate: Bool

    /// `s<seed>-<day>-<number>`.
    public var id: String { "s\(seed)-\(day)-\(number)" }

    /// 1 if a click falls within the attribution window.
    public var label: UInt8 { clickDelayMicroseconds != nil && !isLate ? 1 : 0 }
}

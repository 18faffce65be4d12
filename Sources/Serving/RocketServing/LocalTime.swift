import Foundation

/// The hour 0…23 and ISO weekday 1 (Monday) … 7 in a zone.
struct LocalTime {
    let hour, weekday: Int

    /// A description of the values that have one.
    static let expected = "a time from 1900 through 2199: ISO 8601 with a zone, or seconds since 1970"
    /// The years 1900 … 2199, in seconds since 1970.
    static let range: Range<Double> = -2_208_988_800..<7_258_118_400

    /// - Parameter seconds: A time within `range`.
    init(secondsSince1970 seconds: Double, _ zone: TimeZone) {
        let offset = zone.secondsFromGMT(for: Date(timeIntervalSince1970: seconds))
        let hours = Int(((seconds + Double(offset)) / 3_600).rounded(.down))
        hour = (hours % 24 + 24) % 24
        // 1970-01-01 was a Thursday.
        weekday = (((hours - hour) / 24 + 3) % 7 + 7) % 7 + 1
    }
}

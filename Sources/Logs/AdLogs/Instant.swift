import Days

/// A moment in microseconds since 1970-01-01 00:00 UTC, PostgreSQL's own resolution.
public struct Instant: Hashable, Comparable, Codable, Sendable {
    public let microseconds: Int64

    public init(microseconds: Int64) {
        self.microseconds = microseconds
    }

    /// - Parameter postgresMicroseconds: A `timestamptz` on the wire, microseconds since 2000-01-01 00:00 UTC.
    @inline(__always)
    public init(postgresMicroseconds: Int64) {
        microseconds = postgresMicroseconds &+ Self.postgresEpoch
    }

    public static func < (left: Instant, right: Instant) -> Bool { left.microseconds < right.microseconds }

    public func advanced(bySeconds seconds: Int) -> Instant {
        Instant(microseconds: microseconds + Int64(seconds) * 1_000_000)
    }

    private static let postgresEpoch: Int64 = 946_684_800_000_000
}

extension Instant: CustomStringConvertible {
    /// A `timestamptz` literal in UTC, `2026-02-01 06:00:00.000000+00`.
    public var description: String {
        let perDay: Int64 = 86_400_000_000
        let remainder = microseconds % perDay
        let rest = remainder < 0 ? remainder + perDay : remainder
        let day = Day(ordinal: Int((microseconds - rest) / perDay))
        func padded(_ number: Int64, _ width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let seconds = rest / 1_000_000
        return "\(day) \(padded(seconds / 3_600, 2)):\(padded(seconds / 60 % 60, 2)):\(padded(seconds % 60, 2))."
            + "\(padded(rest % 1_000_000, 6))+00"
    }
}

extension Range<Instant> {
    /// Cuts the range into n parts of equal length; an instant belongs to exactly one.
    public func parts(_ count: Int) -> [Range<Instant>] {
        let length = upperBound.microseconds - lowerBound.microseconds
        func edge(_ index: Int) -> Instant {
            Instant(
                microseconds: lowerBound.microseconds + length / Int64(count) * Int64(index)
                    + length % Int64(count) * Int64(index) / Int64(count))
        }
        return (0..<count).map { edge($0)..<edge($0 + 1) }
    }
}

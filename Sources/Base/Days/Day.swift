/// A calendar day without a time zone, `2019-11-24`: the unit in which logs are partitioned, extracted, cached and
/// evaluated. The job's time zone, not this type, decides which instants belong to it.
public struct Day: Hashable, Sendable {
    /// Days since 1970-01-01 in the proleptic Gregorian calendar, negative before it.
    public let ordinal: Int

    public init(ordinal: Int) {
        self.ordinal = ordinal
    }

    /// Creates the day that an instant falls on in UTC. `secondsSince1970` may be fractional.
    public init(utc secondsSince1970: Double) {
        ordinal = Int((secondsSince1970 / 86_400).rounded(.down))
    }

    /// Parses exactly `YYYY-MM-DD`; nil for anything else and for days that do not exist (`2023-02-29`).
    public init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-") else { return nil }
        func number(_ range: Range<Int>) -> Int? {
            var value = 0
            for byte in bytes[range] {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int(byte - UInt8(ascii: "0"))
            }
            return value
        }
        guard let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        self.init(year: year, month: month, day: day)
        guard self.civil == (year, month, day) else { return nil }
    }

    /// Creates a day from its civil date; the era arithmetic is Howard Hinnant's, "chrono-Compatible Low-Level Date
    /// Algorithms".
    public init(year: Int, month: Int, day: Int) {
        let shifted = month <= 2 ? year - 1 : year
        let era = (shifted >= 0 ? shifted : shifted - 399) / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        ordinal = era * 146_097 + dayOfEra - 719_468
    }

    /// Year, month (1…12) and day of the month (1…31).
    public var civil: (year: Int, month: Int, day: Int) {
        let shifted = ordinal + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}

extension Day: Strideable {
    public func distance(to other: Day) -> Int { other.ordinal - ordinal }
    public func advanced(by days: Int) -> Day { Day(ordinal: ordinal + days) }
}

extension Day: CustomStringConvertible {
    /// `YYYY-MM-DD`, the form that PostgreSQL's `date` reads and writes.
    public var description: String {
        func padded(_ number: Int, to width: Int) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let (year, month, day) = civil
        return "\(padded(year, to: 4))-\(padded(month, to: 2))-\(padded(day, to: 2))"
    }
}

extension Day: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let day = Day(text) else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "‘\(text)’ is not a day; expected YYYY-MM-DD")
        }
        self = day
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Collection<Day> {
    /// The days in readable form: `2026-01-02, 2026-01-05 … 2026-01-09 (5 days)`.
    public var stretches: String {
        var stretches: [ClosedRange<Day>] = []
        for day in sorted() {
            if let last = stretches.last, last.upperBound.distance(to: day) <= 1 {
                stretches[stretches.count - 1] = last.lowerBound...day
            } else {
                stretches.append(day...day)
            }
        }
        return stretches.map { stretch in
            let count = stretch.lowerBound.distance(to: stretch.upperBound) + 1
            return count == 1
                ? "\(stretch.lowerBound)" : "\(stretch.lowerBound) … \(stretch.upperBound) (\(count) days)"
        }.joined(separator: ", ")
    }
}

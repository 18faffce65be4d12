/// A point in time as written in a request: ISO 8601, or PostgreSQL's form.
///
/// `2026-01-05T10:00:00Z`, `2026-01-05 10:00:00.25+02`, `20:15` for the time, with or without zone: `Z`, `+02`,
/// `+0200`, `+02:00`. Years 0001 … 9999.
struct Moment: Equatable {
    /// Microseconds since 1970-01-01 00:00, by the clock of its zone.
    let localMicroseconds: Int64
    /// Offset of its clock from UTC in seconds; nil if it names no zone.
    let offset: Int?

    var microsecondsSince1970: Int64? { offset.map { localMicroseconds - Int64($0) * 1_000_000 } }

    init?(_ text: String) {
        var rest = Substring(text).utf8[...]
        func digits(_ count: Int) -> Int? {
            guard rest.count >= count else { return nil }
            var number = 0
            for byte in rest.prefix(count) {
                guard (48...57).contains(byte) else { return nil }
                number = number * 10 + Int(byte) - 48
            }
            rest = rest.dropFirst(count)
            return number
        }
        func take(_ bytes: [UInt8]) -> UInt8? {
            guard let first = rest.first, bytes.contains(first) else { return nil }
            rest = rest.dropFirst()
            return first
        }
        let dash = [UInt8(ascii: "-")]
        let colon = [UInt8(ascii: ":")]
        guard let year = digits(4), year > 0, take(dash) != nil, let month = digits(2), take(dash) != nil,
            let day = digits(2), (1...12).contains(month), (1...Self.days(in: month, of: year)).contains(day),
            take([UInt8(ascii: "T"), UInt8(ascii: "t"), UInt8(ascii: " ")]) != nil,
            let hour = digits(2), take(colon) != nil, let minute = digits(2), hour < 24, minute < 60
        else { return nil }
        var (second, micros) = (0, 0)
        if take(colon) != nil {
            guard let found = digits(2), found < 60 else { return nil }
            second = found
            if take([UInt8(ascii: ".")]) != nil {
                let fraction = rest.prefix { (48...57).contains($0) }
                guard (1...9).contains(fraction.count) else { return nil }
                // Rounded to the nearest microsecond.
                var nanos = 0
                for place in 0..<9 { nanos = nanos * 10 + Int(fraction.dropFirst(place).first.map { $0 - 48 } ?? 0) }
                micros = (nanos + 500) / 1_000
                rest = rest.dropFirst(fraction.count)
            }
        }
        if rest.isEmpty {
            offset = nil
        } else if take([UInt8(ascii: "Z"), UInt8(ascii: "z")]) != nil {
            offset = 0
        } else {
            guard let sign = take([UInt8(ascii: "+"), UInt8(ascii: "-")]), let hours = digits(2), hours < 16 else {
                return nil
            }
            var seconds = hours * 3_600
            for unit in [60, 1] where !rest.isEmpty {
                _ = take(colon)
                guard let part = digits(2), part < 60 else { return nil }
                seconds += part * unit
            }
            offset = sign == UInt8(ascii: "-") ? -seconds : seconds
        }
        guard rest.isEmpty else { return nil }
        let seconds = Self.daysSince1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second
        localMicroseconds = Int64(seconds) * 1_000_000 + Int64(micros)
    }

    /// Returns PostgreSQL's text of a timestamp in the years 0001 … 9999: `2026-01-05 10:00:00.25`.
    static func text(microsecondsSince1970 microseconds: Int64) -> String {
        let (days, inDay) = floored(Int(microseconds), 86_400_000_000)
        let (year, month, day) = date(days)
        func padded(_ number: Int, _ width: Int) -> String {
            let text = String(number)
            return String(repeating: "0", count: max(0, width - text.count)) + text
        }
        let (seconds, micros) = inDay.quotientAndRemainder(dividingBy: 1_000_000)
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60)
        var text = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2)) "
        text += "\(padded(hour, 2)):\(padded(minute, 2)):\(padded(second, 2))"
        guard micros > 0 else { return text }
        var fraction = padded(micros, 6)
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return text + "." + fraction
    }

    static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return month == 2 ? (isLeap ? 29 : 28) : [4, 6, 9, 11].contains(month) ? 30 : 31
    }

    private static func floored(_ number: Int, _ divisor: Int) -> (quotient: Int, rest: Int) {
        let (quotient, rest) = number.quotientAndRemainder(dividingBy: divisor)
        return rest < 0 ? (quotient - 1, rest + divisor) : (quotient, rest)
    }

    /// Returns days of the proleptic Gregorian calendar; years begin in March, so that the leap day is their last.
    private static func daysSince1970(_ year: Int, _ month: Int, _ day: Int) -> Int {
        let years = month > 2 ? year : year - 1
        let (era, ofEra) = floored(years, 400)
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + dayOfYear - 719_468
    }

    private static func date(_ days: Int) -> (year: Int, month: Int, day: Int) {
        let (era, dayOfEra) = floored(days + 719_468, 146_097)
        let years = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * years + years / 4 - years / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (years + era * 400 + (month <= 2 ? 1 : 0), month, dayOfYear - (153 * shifted + 2) / 5 + 1)
    }
}

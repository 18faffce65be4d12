import Days

/// Exact readers of field texts; nil for anything else than the whole text.
enum FieldParsing {
    /// Decimal numbers; empty, `NaN` and the like are no numbers.
    static func number(_ text: String) -> Double? {
        guard let number = Double(text), number.isFinite else { return nil }
        return number
    }

    /// 0/1, true/false, t/f, yes/no.
    static func label(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "1.0", "true", "t", "yes": true
        case "0", "0.0", "false", "f", "no": false
        default: nil
        }
    }

    /// Microseconds since 1970 of `2019-11-24 00:03:24.688993+00:00`, `2017-07-03 10:03`, `2017-07-03T10:03:05Z`,
    /// `2017-07-03`, or of epoch seconds, milliseconds or microseconds by their size. Without an offset: UTC. Nil outside the
    /// years 1900 to 2199: a year 0 or 20190 is a slip of the pen, and PostgreSQL would not take every such day.
    static func time(_ text: String) -> Int64? {
        guard let micros = anyTime(text), years.contains(micros) else { return nil }
        return micros
    }

    private static let years: Range<Int64> = -2_208_988_800_000_000..<7_258_118_400_000_000

    private static func anyTime(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, let day = Day(String(decoding: bytes[..<10], as: UTF8.self)) else {
            return epoch(text)
        }
        var micros = Int64(day.ordinal) * 86_400_000_000
        if bytes.count == 10 { return micros }
        guard bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "T") else { return nil }
        var rest = bytes[11...]
        // Spreadsheets drop the hour's leading zero.
        guard let hour = digits(&rest, 2) ?? digits(&rest, 1), hour < 24, take(":", &rest),
            let minute = digits(&rest, 2), minute < 60
        else {
            return nil
        }
        micros += (hour * 3_600 + minute * 60) * 1_000_000
        if take(":", &rest) {
            guard let second = digits(&rest, 2), second < 61 else { return nil }
            micros += second * 1_000_000
            if take(".", &rest) {
                var scale: Int64 = 100_000
                var any = false
                while let digit = digits(&rest, 1) {
                    micros += digit * scale
                    scale /= 10
                    any = true
                }
                guard any else { return nil }
            }
        }
        if rest.isEmpty || (take("Z", &rest) && rest.isEmpty) { return micros }
        let isNegative = rest.first == UInt8(ascii: "-")
        guard take("+", &rest) || take("-", &rest), let offsetHours = digits(&rest, 2), offsetHours < 16 else {
            return nil
        }
        _ = take(":", &rest)
        let offsetMinutes = rest.isEmpty ? 0 : digits(&rest, 2) ?? 60
        guard rest.isEmpty, offsetMinutes < 60 else { return nil }
        let offset = (offsetHours * 3_600 + offsetMinutes * 60) * 1_000_000
        return isNegative ? micros + offset : micros - offset
    }

    /// Seconds up to the year 2286, milliseconds and microseconds beyond by size.
    private static func epoch(_ text: String) -> Int64? {
        guard let number = number(text), number >= 0, number < 1e17 else { return nil }
        let scale: Double = number < 1e10 ? 1e6 : number < 1e13 ? 1e3 : 1
        return Int64((number * scale).rounded())
    }

    private static func digits(_ bytes: inout ArraySlice<UInt8>, _ count: Int) -> Int64? {
        guard bytes.count >= count else { return nil }
        var value: Int64 = 0
        for byte in bytes.prefix(count) {
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + Int64(byte - UInt8(ascii: "0"))
        }
        bytes = bytes.dropFirst(count)
        return value
    }

    private static func take(_ character: Unicode.Scalar, _ bytes: inout ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, UInt32(first) == character.value else { return false }
        bytes = bytes.dropFirst()
        return true
    }
}

import Days

/// Exact parsers of field texts, which return nil unless the whole text fits.
enum FieldParsing {
    /// Parses decimal numbers, `-12`, `+0.5`, `.5`, `1e-05`. Empty, `NaN`, `inf`, hexadecimal `0x1F`, `1_000`, numbers
    /// with blanks around them and numbers beyond a double's range give nil.
    static func number(_ text: String) -> Double? {
        guard isDecimal(text), let number = Double(text), number.isFinite else { return nil }
        return number
    }

    private static func isDecimal(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") { rest.removeFirst() }
        func takeDigits() -> Int {
            let count = rest.prefix { (48...57).contains($0) }.count
            rest.removeFirst(count)
            return count
        }
        var count = takeDigits()
        if take(".", &rest) { count += takeDigits() }
        guard count > 0 else { return false }
        if take("e", &rest) || take("E", &rest) {
            _ = take("-", &rest) || take("+", &rest)
            guard takeDigits() > 0 else { return false }
        }
        return rest.isEmpty
    }

    /// Parses 0/1, true/false, t/f, yes/no.
    static func label(_ text: String) -> Bool? {
        switch text.lowercased() {
        case "1", "1.0", "true", "t", "yes": true
        case "0", "0.0", "false", "f", "no": false
        default: nil
        }
    }

    /// Parses a time to microseconds since 1970: `2019-11-24 00:03:24.688993+00:00`, `2017-07-03 10:03`,
    /// `2017-07-03T10:03:05Z`, `2017-07-03`, the digits `20170703`, `2017070310` or `20170703100305`, or epoch seconds,
    /// milliseconds or microseconds by their size. Without an offset: UTC. Nil outside the years 1900 to 2199: a year 0
    /// or 20190 is a slip, and PostgreSQL would not take every such day. Nil also for numbers before 1990, which no log
    /// has: the day numbers of spreadsheets, for example.
    static func time(_ text: String) -> Int64? {
        guard let micros = anyTime(text), years.contains(micros) else { return nil }
        return micros
    }

    private static let years: Range<Int64> = -2_208_988_800_000_000..<7_258_118_400_000_000

    private static func anyTime(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        guard bytes.count >= 10, let day = Day(String(decoding: bytes[..<10], as: UTF8.self)) else {
            return switch calendarDigits(bytes) {
            case .time(let micros): micros
            case .noTime: nil
            case .noDate: epoch(text)
            }
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

    /// Parses `yyyymmdd`, `yyyymmddhh` or `yyyymmddhhmmss` of the years 1990 to 2100. Read as seconds, most of them
    /// would be times of 1970 or 2034, which no log has.
    private static func calendarDigits(_ bytes: [UInt8]) -> CalendarDigits {
        guard [8, 10, 14].contains(bytes.count) else { return .noDate }
        var rest = bytes[...]
        guard let year = digits(&rest, 4), (1990...2100).contains(year), let month = digits(&rest, 2),
            let date = digits(&rest, 2), let day = Day(format(year, month, date))
        else { return .noDate }
        var second: Int64 = 0
        for (limit, unit) in [(24, 3_600), (60, 60), (60, 1)] as [(Int64, Int64)] where !rest.isEmpty {
            guard let value = digits(&rest, 2) else { return .noDate }
            guard value < limit else { return .noTime }
            second += value * unit
        }
        return .time((Int64(day.ordinal) * 86_400 + second) * 1_000_000)
    }

    private enum CalendarDigits {
        case time(Int64)
        /// A date with an impossible hour, minute or second: a slip, not a number of seconds.
        case noTime
        case noDate
    }

    private static func format(_ year: Int64, _ month: Int64, _ date: Int64) -> String {
        "\(year)-\(month < 10 ? "0" : "")\(month)-\(date < 10 ? "0" : "")\(date)"
    }

    /// Parses seconds up to the year 2286, or milliseconds and microseconds beyond, told apart by size; from 1990 on.
    private static func epoch(_ text: String) -> Int64? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) || $0 == UInt8(ascii: ".") }), let number = number(text),
            number < 1e17
        else { return nil }
        let scale: Double = number < 1e10 ? 1e6 : number < 1e13 ? 1e3 : 1
        let micros = Int64((number * scale).rounded())
        return micros >= from1990 ? micros : nil
    }

    private static let from1990: Int64 = 631_152_000_000_000

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

import Features

// The text whose hash becomes an id: PostgreSQL's `::text` of the value in a column of the given type.
extension RawValue {
    /// Returns the value's text; nil for missing values, lists, and values that a column of the type cannot hold.
    ///
    /// - Parameter type: The column's type; nil if the model's file has none: a number's text is then its digits, and a
    ///   text stands for itself.
    func text(as type: ColumnType?) -> String? {
        switch type?.scalar {
        case nil, .text: return plainText
        case .paddedText: return plainText.map { String($0.withoutBlanksAtEnd) }
        case _ where !isASCII: return nil
        case .integer: return wholeNumber
        case .uuid: return uuid
        case .boolean: return truth
        case .real: return floating { Float($0) }.map { PostgresFloat.text($0) } ?? specialNumber
        case .doublePrecision: return floating { Double($0) }.map { PostgresFloat.text($0) } ?? specialNumber
        case .numeric(let scale): return fixed(scale) ?? specialNumber
        case .date, .time, .timeWithZone, .interval, .bytea, .bits, .inet, .cidr, .hardwareAddress:
            guard case .text(let text) = self, let scalar = type?.scalar else { return nil }
            return TypedText(text).text(as: scalar)
        case .timestamp: return timestamp
        case .timestampWithZone: return instant
        }
    }

    /// Returns a description of the values of a type, for messages.
    static func expected(_ type: ColumnType?) -> String {
        switch type?.scalar {
        case nil, .text, .paddedText: "a single value: text, or a number that its digits say exactly"
        case .integer: "a whole number"
        case .uuid: "a uuid"
        case .boolean: "true or false"
        case .real, .doublePrecision: "a number"
        case .numeric(let scale?): "a number with \(scale) decimals, as JSON or text has its digits"
        case .numeric: "a number by its digits, as JSON or text has them"
        case .date: "a date such as 2026-01-05"
        case .timestamp: "a time without zone such as 2026-01-05 10:00:00"
        case .timestampWithZone: "a time with zone such as 2026-01-05T10:00:00Z"
        case .time: "a time of day such as 10:00:00"
        case .timeWithZone: "a time of day with zone such as 10:00:00+01"
        case .interval: "an interval as PostgreSQL writes it, such as 1 day 02:00:00"
        case .bytea: "bytes as PostgreSQL writes them, such as \\x01ff"
        case .bits: "a text of zeros and ones"
        case .inet: "an address such as 10.0.0.1"
        case .cidr: "a network such as 10.0.0.0/8"
        case .hardwareAddress: "a hardware address such as 08:00:2b:01:02:03"
        }
    }

    /// Whether it is no text, or one without letters beyond ASCII, which only texts have. Others are not compared with
    /// anything: what that costs grows with the square of a run of combining marks.
    private var isASCII: Bool {
        if case .text(let text) = self { text.utf8.allSatisfy { $0 < 0x80 } } else { true }
    }

    private var plainText: String? {
        switch self {
        case .missing, .list: nil
        case .text(let text), .decimal(let text): text
        case .integer(let integer): String(integer)
        case .number(let number): Self.digits(number)
        case .flag(let flag): flag ? "true" : "false"
        }
    }

    /// Returns a whole number's digits; nil from 2⁵³ on, where neighbours have the same bits.
    private static func digits(_ number: Double) -> String? {
        guard number.isFinite else { return nil }
        guard let whole = Int64(exactly: number) else {
            return number.magnitude < 0x1p53 ? PostgresFloat.text(number) : nil
        }
        return whole.magnitude < 1 << 53 ? String(whole) : nil
    }

    private var wholeNumber: String? {
        switch self {
        case .integer(let integer): return String(integer)
        case .number(let number): return Int64(exactly: number).flatMap { $0.magnitude < 1 << 53 ? String($0) : nil }
        case .text(let text), .decimal(let text):
            guard let number = Int64(text) else { return nil }
            // Without plus sign and leading zeros.
            return String(number) == text ? text : nil
        default: return nil
        }
    }

    private var truth: String? {
        switch self {
        case .flag(let flag): flag ? "true" : "false"
        case .text("true"), .text("t"): "true"
        case .text("false"), .text("f"): "false"
        default: nil
        }
    }

    private var uuid: String? {
        guard case .text(let text) = self, text.utf8.count == 36 else { return nil }
        var lower: [UInt8] = []
        for (place, byte) in text.utf8.enumerated() {
            switch (byte, [8, 13, 18, 23].contains(place)) {
            case (UInt8(ascii: "-"), true), (48...57, false), (97...102, false): lower.append(byte)
            case (65...70, false): lower.append(byte + 32)
            default: return nil
            }
        }
        return String(decoding: lower, as: UTF8.self)
    }

    private func floating<Number: BinaryFloatingPoint>(_ convert: (String) -> Number?) -> Number? {
        let number: Number? =
            switch self {
            case .integer(let integer): Number(integer)
            case .number(let number): Number(number)
            case .text(let text), .decimal(let text): text.isDecimal(exponent: true) ? convert(text) : nil
            default: nil
            }
        return number.flatMap { $0.isFinite ? $0 : nil }
    }

    private var specialNumber: String? {
        switch self {
        case .text("NaN"): "NaN"
        case .text("Infinity"): "Infinity"
        case .text("-Infinity"): "-Infinity"
        default: nil
        }
    }

    /// - Parameter scale: The column's number of decimals; nil for as many as the value has.
    private func fixed(_ scale: Int?) -> String? {
        let digits: String
        switch self {
        case .integer(let integer): digits = String(integer)
        case .text(let text), .decimal(let text): digits = text
        case .number(let number):
            // 3.3 may be 3.30 in the log; only a fixed number of decimals decides.
            guard scale != nil, number.magnitude < 1e15, number.isFinite else { return nil }
            digits = PostgresFloat.text(number)
        default: return nil
        }
        guard digits.isDecimal(exponent: false) else { return nil }
        let parts = digits.split(separator: ".", omittingEmptySubsequences: false)
        var (whole, fraction) = (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
        if let scale {
            while fraction.utf8.count > scale {
                guard fraction.removeLast() == "0" else { return nil }
            }
            fraction += String(repeating: "0", count: scale - fraction.utf8.count)
        }
        let isZero = (whole + fraction).utf8.allSatisfy { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: "-") }
        if isZero, whole.hasPrefix("-") { whole.removeFirst() }
        return fraction.isEmpty ? whole : "\(whole).\(fraction)"
    }

    private var timestamp: String? {
        guard case .text(let text) = self else { return nil }
        if text == "infinity" || text == "-infinity" { return text }
        guard let moment = Moment(text), moment.offset == nil else { return nil }
        return Moment.text(microsecondsSince1970: moment.localMicroseconds)
    }

    private var instant: String? {
        if case .text(let text) = self {
            if text == "infinity" || text == "-infinity" { return text }
            return Moment(text)?.microsecondsSince1970.map { Moment.text(microsecondsSince1970: $0) + "+00" }
        }
        return secondsSince1970.map { Moment.text(microsecondsSince1970: Int64(($0 * 1e6).rounded())) + "+00" }
    }
}

extension StringProtocol {
    /// Returns whether the text is digits with at most one point, without leading zeros or blanks; with `exponent`, as
    /// JSON allows one.
    func isDecimal(exponent: Bool) -> Bool {
        var rest = utf8[...]
        func digits() -> Int {
            let run = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(run)
            return run
        }
        if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let leads = rest.first == UInt8(ascii: "0")
        let whole = digits()
        guard whole > 0, !leads || whole == 1 else { return false }
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            guard digits() > 0 else { return false }
        }
        if exponent, let sign = rest.first, sign | 0x20 == UInt8(ascii: "e") {
            rest = rest.dropFirst()
            if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
            guard digits() > 0 else { return false }
        }
        return rest.isEmpty
    }
}

extension String {
    fileprivate var withoutBlanksAtEnd: Substring {
        let blanks = utf8.reversed().prefix { $0 == UInt8(ascii: " ") }.count
        return self[..<utf8.index(endIndex, offsetBy: -blanks)]
    }
}

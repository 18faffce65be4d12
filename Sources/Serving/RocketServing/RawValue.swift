import Features

/// A value from a log or a request, before it becomes an id or a number.
public enum RawValue: Equatable, Sendable {
    case missing
    case text(String)
    case integer(Int64)
    case number(Double)
    /// A number by its digits, as they stand in JSON: `3.30`, `18446744073709551612`.
    case decimal(String)
    case flag(Bool)
    /// Values of a multi-valued feature.
    case list([RawValue])
}

extension RawValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
}

/// A decoder does not keep a number's digits; `RawRows.append(json:)` does.
extension RawValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .missing
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? container.decode(Int64.self) {
            self = .integer(integer)
        } else if let integer = try? container.decode(UInt64.self) {
            self = .decimal(String(integer))
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .list(try container.decode([RawValue].self))
        }
    }
}

extension RawValue {
    /// Reads one value of JSON, whose numbers keep their digits.
    ///
    /// - Throws: `ServingError.line`.
    package init(json text: String) throws(ServingError) {
        do throws(JSONRow.Problem) {
            self = try JSONRow.parse(Array(text.utf8)[...]) { json throws(JSONRow.Problem) in
                try json.value(of: "of the text")
            }
        } catch {
            throw .line(row: 0, error.what)
        }
    }
}

extension RawValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "null"
        case .text(let text): "‘\(text.beginning)’"
        case .integer(let number): String(number)
        case .number(let number): "\(number)"
        case .decimal(let digits): String(digits.beginning)
        case .flag(let flag): flag ? "true" : "false"
        case .list(let values): "a list of \(values.count) values"
        }
    }
}

extension RawValue {
    /// The value as a number: NaN if missing; nil if it is not a finite number.
    var number: Double? {
        switch self {
        case .missing: .nan
        case .text(let text), .decimal(let text): Self.number(text)
        case .integer(let integer): Double(integer)
        case .number(let number): number.isInfinite ? nil : number
        case .flag(let flag): flag ? 1 : 0
        case .list: nil
        }
    }

    /// Returns the number as the extraction reads it: values of `real` columns are rounded to `real`.
    func number(as type: ColumnType?) -> Double? {
        guard type?.scalar == .real, let number else { return number }
        let rounded: Float? =
            switch self {
            case .text(let text), .decimal(let text): Float(text.drop { $0 == " " })
            default: Float(number)
            }
        return rounded.flatMap { $0.isInfinite ? nil : Double($0) }
    }

    /// Parses decimal digits, with or without an exponent, but no hexadecimal ones and none beyond ASCII.
    private static func number(_ text: String) -> Double? {
        if text.utf8.contains(where: { $0 >= 0x80 || $0 | 0x20 == UInt8(ascii: "x") }) { return nil }
        return Double(text.drop { $0 == " " }).flatMap { $0.isInfinite ? nil : $0 }
    }

    /// Seconds since 1970 of a time in the years 1900 … 2199: a number is that, a text is ISO 8601 with a zone. Nil for
    /// anything else, including milliseconds since 1970.
    var secondsSince1970: Double? {
        let seconds: Double? =
            switch self {
            case .integer(let seconds): Double(seconds)
            case .number(let seconds): seconds
            case .decimal(let digits): Double(digits)
            case .text(let text): Moment(text)?.microsecondsSince1970.map { Double($0) / 1e6 }
            default: nil
            }
        return seconds.flatMap { LocalTime.range.contains($0) ? $0 : nil }
    }
}

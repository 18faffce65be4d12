import Foundation

/// A value as a log or a request has it, before it becomes an id or a number.
public enum RawValue: Equatable, Sendable {
    case missing
    case text(String)
    case integer(Int64)
    case number(Double)
    case flag(Bool)
    /// Values of a multi-valued feature.
    case list([RawValue])
}

extension RawValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral {
    public init(stringLiteral value: String) { self = .text(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .number(value) }
}

extension RawValue: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .missing
        } else if let flag = try? container.decode(Bool.self) {
            self = .flag(flag)
        } else if let integer = try? container.decode(Int64.self) {
            self = .integer(integer)
        } else if let number = try? container.decode(Double.self) {
            self = .number(number)
        } else if let text = try? container.decode(String.self) {
            self = .text(text)
        } else {
            self = .list(try container.decode([RawValue].self))
        }
    }
}

extension RawValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .missing: "null"
        case .text(let text): "‘\(text.prefix(200))’"
        case .integer, .number, .flag: text ?? ""
        case .list(let values): "a list of \(values.count) values"
        }
    }
}

extension RawValue {
    /// The text whose hash becomes the id, as `::text` gives it in PostgreSQL; nil for missing values and lists.
    ///
    /// A number with a fraction takes its shortest decimal form; a column of `numeric` is best sent as text.
    var text: String? {
        switch self {
        case .missing, .list: nil
        case .text(let text): text
        case .integer(let integer): String(integer)
        case .number(let number): Int64(exactly: number).map { String($0) } ?? "\(number)"
        case .flag(let flag): flag ? "true" : "false"
        }
    }

    /// NaN where missing; nil where the value is no finite number.
    var number: Double? {
        switch self {
        case .missing: .nan
        case .text(let text): Double(text.trimmingPrefix { $0 == " " }).flatMap { $0.isInfinite ? nil : $0 }
        case .integer(let integer): Double(integer)
        case .number(let number): number.isInfinite ? nil : number
        case .flag(let flag): flag ? 1 : 0
        case .list: nil
        }
    }

    /// Seconds since 1970: a number is that, a text is ISO 8601 with a zone. Nil for anything else.
    var secondsSince1970: Double? {
        switch self {
        case .integer(let seconds): return Double(seconds)
        case .number(let seconds): return seconds.isFinite ? seconds : nil
        case .text(let text):
            let fractions = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
            let date = (try? fractions.parse(text)) ?? (try? Date.ISO8601FormatStyle().parse(text))
            return date?.timeIntervalSince1970
        default: return nil
        }
    }
}

import Foundation
import Names
import Yams

/// What a value of the job file must look like: the words for the message, and how a scalar becomes the value.
struct Form<Value> {
    /// Completes "expected …".
    let expected: String
    /// What was probably meant by the given text, when something can be said.
    var hint: (String) -> String = { _ in "" }
    /// A value as a file would write it.
    var show: (Value) -> String = { "\($0)" }
    /// Nil: the scalar does not have this form.
    let read: (Node.Scalar) -> Value?
}

extension Form where Value == Int {
    /// A whole number in decimal digits. Octal (`010`) and other bases of YAML 1.1 are refused, because few expect
    /// them.
    static func integer(_ range: ClosedRange<Int>) -> Form {
        Form(
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)",
            hint: { $0.hasPrefix("0") && $0.count > 1 ? "; write it in decimal digits, without leading zeros" : "" },
            read: { scalar in
                scalar.decimalInteger.flatMap { Int($0) }.flatMap { range.contains($0) ? $0 : nil }
            })
    }
}

extension Form where Value == Int {
    /// An amount of memory.
    static var byteCount: Form {
        let units = ["kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
        return Form(
            expected: "an amount of memory such as 512MB or 2GB (kB, MB, GB, KiB, MiB, GiB)",
            show: { bytes in
                let whole = ["GB", "MB", "kB"].first { bytes % (units[$0] ?? 1) == 0 }
                return whole.map { "\(bytes / (units[$0] ?? 1))\($0)" } ?? "\(bytes)"
            },
            read: { scalar in
                guard let text = scalar.text else { return nil }
                let digits = text.prefix { $0.isASCII && $0.isNumber }
                guard let number = Int(digits), number > 0,
                    let unit = units[text.dropFirst(digits.count).trimmingCharacters(in: .whitespaces)]
                else { return nil }
                let (bytes, overflows) = number.multipliedReportingOverflow(by: unit)
                return overflows ? nil : bytes
            })
    }
}

extension Form where Value == UInt64 {
    static var seed: Form {
        Form(expected: "a whole number from 0 to \(UInt64.max)") { $0.decimalInteger.flatMap { UInt64($0) } }
    }
}

extension Form where Value == Bool {
    /// YAML 1.2's two words; `yes` and `on` of YAML 1.1 are refused, because few expect them to be more than text.
    static var boolean: Form {
        Form(expected: "true or false") { scalar in
            scalar.isPlain ? ["true": true, "false": false][scalar.string] : nil
        }
    }
}

extension Form where Value == Double {
    static var positive: Form { number("a finite number above 0") { $0 > 0 } }
    static var zeroOrMore: Form { number("a finite number, 0 or more") { $0 >= 0 } }

    static var positiveShare: Form { number("a number above 0, at most 1") { $0 > 0 && $0 <= 1 } }
    static var shareBelowOne: Form { number("a number from 0 to below 1") { (0..<1).contains($0) } }
    static var confidence: Form { number("a number from 0.5 to below 1") { (0.5..<1).contains($0) } }
    static var share: Form { number("a number from 0 to 1") { (0...1).contains($0) } }

    /// Without the point of a whole number.
    static func shown(_ number: Double) -> String { number == number.rounded() ? "\(Int(number))" : "\(number)" }

    private static func number(_ expected: String, _ isAllowed: @escaping (Double) -> Bool) -> Form {
        Form(expected: expected, show: shown) { scalar in
            guard scalar.isPlain, scalar.string.allSatisfy({ "0123456789+-.eE_".contains($0) }),
                let number = Double(scalar.string.replacing("_", with: "")), number.isFinite
            else { return nil }
            return isAllowed(number) ? number : nil
        }
    }
}

extension Form where Value == String {
    /// PostgreSQL cuts longer names off without an error, so that two columns could become one.
    private static let longestIdentifier = 63

    /// A column's name as PostgreSQL spells it, or in quotes as psql prints it.
    static var column: Form {
        Form(expected: "a column's name of at most \(longestIdentifier) bytes") { scalar in
            scalar.text.map(SQLName.column).flatMap { isIdentifier($0) ? $0 : nil }
        }
    }

    /// `table` or `schema.table`; in quotes, as psql prints them, too.
    static var relation: Form {
        Form(expected: "table or schema.table, each at most \(longestIdentifier) bytes") { scalar in
            guard let text = scalar.text else { return nil }
            let name = SQLName.relation(text)
            let plain = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
            let parts = name.contains("\"") ? SQLName.parts(name) ?? plain : plain
            return parts.count <= 2 && parts.allSatisfy(isIdentifier) ? name : nil
        }
    }

    static func isIdentifier(_ text: String) -> Bool {
        !text.allSatisfy(\.isWhitespace) && text.utf8.count <= longestIdentifier
            && text.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control }
    }

    static var modelName: Form {
        matching("a model name of the characters a-z, 0-9, _ and -") { text in
            text.unicodeScalars.allSatisfy { isLowercase($0) || isDigit($0) || $0 == "_" || $0 == "-" }
        }
    }

    static var featureName: Form {
        matching("a feature name that starts with a-z and continues with a-z, 0-9 and _") { text in
            text.unicodeScalars.allSatisfy { isLowercase($0) || isDigit($0) || $0 == "_" }
                && text.unicodeScalars.first.map(isLowercase) == true
        }
    }

    private static func matching(_ expected: String, _ isAllowed: @escaping (String) -> Bool) -> Form {
        Form(expected: expected) { scalar in
            scalar.text.flatMap { !$0.isEmpty && isAllowed($0) ? $0 : nil }
        }
    }

    private static func isLowercase(_ c: Unicode.Scalar) -> Bool { ("a"..."z").contains(c) }
    private static func isDigit(_ c: Unicode.Scalar) -> Bool { ("0"..."9").contains(c) }

    /// A name of the time zone database. Abbreviations such as `PST` and offsets are refused: PostgreSQL and Foundation
    /// read them differently (POSIX counts `GMT+8` westwards).
    static var timeZone: Form {
        Form(
            expected: "a name of the time zone database such as UTC or Asia/Shanghai",
            hint: { suggestion(for: $0, among: ["UTC"] + TimeZone.knownTimeZoneIdentifiers) },
            read: { scalar in
                guard let name = scalar.text, name == "UTC" || name.contains("/"), TimeZone(identifier: name) != nil
                else { return nil }
                return name
            })
    }

    /// A directory's path, absolute or relative to where the program is started.
    static var directory: Form {
        Form(
            expected: "a directory's path",
            hint: { $0.hasPrefix("~") ? "; only a shell replaces ~, so write the path out" : "" },
            read: { scalar in
                scalar.text.flatMap { !$0.isEmpty && !$0.hasPrefix("~") && !$0.contains("\0") ? $0 : nil }
            })
    }
}

extension Form {
    /// One of the names in which an enumeration is written.
    static func oneOf(_ choices: [Value]) -> Form where Value: RawRepresentable, Value.RawValue == String {
        let names = choices.map(\.rawValue)
        return Form(
            expected: "one of " + names.joined(separator: ", "),
            hint: { suggestion(for: $0, among: names) },
            show: { $0.rawValue },
            // Not `text`: a choice may be spelt like one of YAML's own words.
            read: { scalar in choices.first { $0.rawValue == scalar.string } })
    }
}

extension Node.Scalar {
    var isPlain: Bool { style == .plain }

    /// True for an absent value: `key:`, `key: ~`, `key: null`.
    var isNull: Bool { isPlain && resolvedTag == Tag(.null) }

    /// The type that YAML gives the scalar.
    var resolvedTag: Tag { Node.scalar(self).tag }

    /// The scalar as text; nil when YAML reads it as a number, a boolean or nothing because it has no quotes.
    var text: String? {
        guard isPlain else { return string }
        return [Tag(.null), Tag(.bool), Tag(.int), Tag(.float)].contains(resolvedTag) ? nil : string
    }

    /// Sign and digits without `_`; nil for anything else.
    var decimalInteger: String? {
        guard isPlain else { return nil }
        let digits = string.replacing("_", with: "")
        let unsigned = digits.first == "-" || digits.first == "+" ? digits.dropFirst() : digits[...]
        guard !unsigned.isEmpty, unsigned.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
            unsigned == "0" || unsigned.first != "0"
        else { return nil }
        return digits
    }
}

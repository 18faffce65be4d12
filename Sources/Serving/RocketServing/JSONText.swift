/// Values as JSON; numbers keep their digits.
enum JSONText {
    static func of(_ value: RawValue) -> String {
        switch value {
        case .missing: "null"
        case .text(let text): quoted(text)
        case .integer(let number): String(number)
        case .number(let number): number.isFinite ? "\(number)" : quoted("\(number)")
        case .decimal(let digits): digits
        case .flag(let flag): flag ? "true" : "false"
        case .list(let values): "[\(values.map(of).joined(separator: ","))]"
        }
    }

    static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

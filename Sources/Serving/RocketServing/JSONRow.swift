/// A parser of JSON (RFC 8259) for rows: values by column, numbers by their digits.
struct JSONRow {
    private let bytes: UnsafeBufferPointer<UInt8>
    private var place = 0

    /// The deepest nesting that is followed; no needed value is deeper.
    private static let mostDepth = 64

    /// The reason why a line is not a row.
    struct Problem: Error {
        var what: String
    }

    private init(_ bytes: UnsafeBufferPointer<UInt8>) {
        self.bytes = bytes
    }

    /// Parses a text that the body reads to its end.
    ///
    /// - Parameter text: UTF-8.
    static func parse<Result>(
        _ text: ArraySlice<UInt8>, _ body: (inout JSONRow) throws(Problem) -> Result
    ) throws(Problem) -> Result {
        let isValid = text.withUnsafeBufferPointer { String(validating: $0, as: UTF8.self) != nil }
        guard isValid else { throw Problem(what: "it is not UTF-8") }
        return try text.withUnsafeBufferPointer { bytes throws(Problem) in
            var row = JSONRow(bytes)
            row.skipBlanks()
            let result = try body(&row)
            row.skipBlanks()
            guard row.place == bytes.count else { throw row.problem("the line's end") }
            return result
        }
    }

    /// Reads an object, each member by the body.
    mutating func members(_ body: (String, inout JSONRow) throws(Problem) -> Void) throws(Problem) {
        guard take(UInt8(ascii: "{")) else { throw problem("an object") }
        skipBlanks()
        if take(UInt8(ascii: "}")) { return }
        repeat {
            skipBlanks()
            let name = try string()
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw problem("a colon") }
            skipBlanks()
            try body(name, &self)
            skipBlanks()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { throw problem("a comma or the object's end") }
    }

    /// Reads a list, each element by the body.
    mutating func elements(_ body: (inout JSONRow) throws(Problem) -> Void) throws(Problem) {
        guard take(UInt8(ascii: "[")) else { throw problem("a list") }
        skipBlanks()
        if take(UInt8(ascii: "]")) { return }
        repeat {
            skipBlanks()
            try body(&self)
            skipBlanks()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "]")) else { throw problem("a comma or the list's end") }
    }

    /// - Parameter column: For messages.
    mutating func value(of column: String, depth: Int = 0) throws(Problem) -> RawValue {
        switch peek {
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "{"):
            throw Problem(what: "column \(column.beginning): found an object, expected a single value or a list")
        case UInt8(ascii: "["):
            guard depth < 2 else { throw Problem(what: "column \(column.beginning): found lists within lists") }
            var values: [RawValue] = []
            try elements { row throws(Problem) in values.append(try row.value(of: column, depth: depth + 1)) }
            return .list(values)
        case UInt8(ascii: "n"):
            try word("null")
            return .missing
        case UInt8(ascii: "t"):
            try word("true")
            return .flag(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .flag(false)
        default:
            let digits = try number()
            if let integer = Int64(digits), digits != "-0" { return .integer(integer) }
            return .decimal(digits)
        }
    }

    /// Skips a value without recursion, so that no line exhausts the stack.
    mutating func skipValue() throws(Problem) {
        var ends: [UInt8] = []
        while true {
            skipBlanks()
            switch peek {
            case UInt8(ascii: "\""): _ = try string()
            case UInt8(ascii: "n"): try word("null")
            case UInt8(ascii: "t"): try word("true")
            case UInt8(ascii: "f"): try word("false")
            case let open? where open == UInt8(ascii: "{") || open == UInt8(ascii: "["):
                guard ends.count < Self.mostDepth else {
                    throw Problem(what: "it is nested deeper than \(Self.mostDepth)")
                }
                place += 1
                ends.append(open + 2)
                skipBlanks()
                if peek != open + 2 {
                    if open == UInt8(ascii: "{") { try skipName() }
                    continue
                }
            default: _ = try number()
            }
            // After a value, or at the end of an empty list or object.
            while let end = ends.last {
                skipBlanks()
                if take(end) {
                    ends.removeLast()
                    continue
                }
                guard take(UInt8(ascii: ",")) else { throw problem("a comma or an end") }
                skipBlanks()
                if end == UInt8(ascii: "}") { try skipName() }
                break
            }
            if ends.isEmpty { return }
        }
    }

    private mutating func skipName() throws(Problem) {
        _ = try string()
        skipBlanks()
        guard take(UInt8(ascii: ":")) else { throw problem("a colon") }
    }

    private mutating func word(_ word: StaticString) throws(Problem) {
        for byte in UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount) {
            guard take(byte) else { throw problem("\(word)") }
        }
    }

    private mutating func number() throws(Problem) -> String {
        let start = place
        _ = take(UInt8(ascii: "-"))
        let first = place
        let count = digits()
        guard count > 0, count == 1 || bytes[first] != UInt8(ascii: "0") else { throw problem("a value") }
        if take(UInt8(ascii: ".")), digits() == 0 { throw problem("a digit") }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digits() > 0 else { throw problem("a digit") }
        }
        return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<place]), as: UTF8.self)
    }

    private mutating func digits() -> Int {
        let start = place
        while let byte = peek, (48...57).contains(byte) { place += 1 }
        return place - start
    }

    private mutating func string() throws(Problem) -> String {
        guard take(UInt8(ascii: "\"")) else { throw problem("a text") }
        let start = place
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { place += 1 }
        let plain = UnsafeBufferPointer(rebasing: bytes[start..<place])
        if take(UInt8(ascii: "\"")) { return String(decoding: plain, as: UTF8.self) }
        var text = Array(plain)
        while let byte = peek {
            place += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw Problem(what: "a control character stands in a text at byte \(place)")
            default: text.append(byte)
            }
        }
        throw problem("the text's end")
    }

    private mutating func escape(into text: inout [UInt8]) throws(Problem) {
        guard let byte = peek else { throw problem("the text's end") }
        place += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(8)
        case UInt8(ascii: "f"): text.append(12)
        case UInt8(ascii: "n"): text.append(10)
        case UInt8(ascii: "r"): text.append(13)
        case UInt8(ascii: "t"): text.append(9)
        case UInt8(ascii: "u"):
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
                let low = try hexadecimal()
                guard (0xDC00..<0xE000).contains(low) else { throw problem("the second half of a character") }
                code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
            }
            guard let scalar = Unicode.Scalar(code) else { throw problem("a whole character") }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw problem("an escape of JSON")
        }
    }

    private mutating func hexadecimal() throws(Problem) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = peek, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw problem("four hexadecimal digits")
            }
            code = code << 4 | UInt32(digit)
            place += 1
        }
        return code
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard peek == byte else { return false }
        place += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D { place += 1 }
    }

    private func problem(_ expected: String) -> Problem {
        Problem(
            what: place < bytes.count
                ? "at byte \(place + 1) \(expected) is expected" : "it ends where \(expected) is expected")
    }
}

/// Lists and mappings inside each other take a parser's stack, level by level. Job files need five levels; their depth
/// is limited before anything is composed.
///
/// The text is looked through without a parser: what only looks like a bracket, in a quoted text say, counts too.
enum NestingLimit {
    /// Brackets and braces that are open at once.
    static let mostBrackets = 32
    /// Columns before a line's first word, its dashes and question marks included.
    static let mostColumns = 100

    /// - Returns: nil: it is shallow enough.
    static func problem(in text: String) -> (line: Int, message: String)? {
        var open = 0
        for (number, line) in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .enumerated()
        {
            if columns(before: line) > mostColumns {
                return (
                    number + 1,
                    "the line begins after more than \(mostColumns) columns; a job file needs no such depth, so indent it less"
                )
            }
            var previous = UInt8(ascii: " ")
            for byte in line {
                if byte == UInt8(ascii: "#"), previous == UInt8(ascii: " ") { break }
                if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") { open += 1 }
                if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") { open = max(0, open - 1) }
                if open > mostBrackets {
                    return (
                        number + 1,
                        "more than \(mostBrackets) brackets are open at once; close some, a job file needs no such depth"
                    )
                }
                previous = byte
            }
        }
        return nil
    }

    private static func columns(before line: Substring.UTF8View) -> Int {
        var columns = 0
        for byte in line {
            guard [UInt8(ascii: " "), UInt8(ascii: "-"), UInt8(ascii: "?"), UInt8(ascii: "\t")].contains(byte) else {
                break
            }
            columns += 1
        }
        return columns
    }
}

import CounterRandom

/// A writer of a tree as YAML, in one of the many ways in which people write the same: blocks or brackets, quotes,
/// comments, indentation, line ends.
struct YAMLWriter {
    private var random: CounterRandom
    private let anchored: Int?
    private var nodes = 0
    private let step: Int
    private let lineEnd: String

    /// - Parameter anchored: The node that gets the anchor `x`, in reading order.
    init(random: CounterRandom, anchored: Int?) {
        self.random = random
        self.anchored = anchored
        step = self.random.next() % 3 == 0 ? 4 : 2
        lineEnd = self.random.next() % 5 == 0 ? "\r\n" : "\n"
    }

    mutating func document(_ tree: JSONTree) -> String {
        let start = below(16) == 0 ? "\u{FEFF}" : below(8) == 0 ? "---\(lineEnd)" : ""
        let text = block(tree, indent: 0)
        return start + (text.hasPrefix(lineEnd) ? String(text.dropFirst(lineEnd.count)) : text)
    }

    private mutating func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }

    /// Returns the anchor of the next node, if it has one.
    private mutating func anchor() -> String {
        defer { nodes += 1 }
        return nodes == anchored ? "&x " : ""
    }

    /// Returns a value that follows a key or a dash, with its line end.
    private mutating func block(_ node: JSONTree, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        // A document is always a block, and deep ones are not indented without end.
        let isFlow = indent > 0 && (below(3) == 0 || indent > 60)
        switch node {
        case .object(let entries) where !entries.isEmpty && !isFlow:
            let mark = anchor()
            return (mark.isEmpty ? "" : " \(mark)") + lineEnd
                + entries.map { entry in
                    let comment = below(24) == 0 ? "\(margin)# a comment: with a colon\(lineEnd)" : ""
                    return comment + margin + key(entry.key) + ":" + block(entry.value, indent: indent + step)
                }.joined()
        case .array(let items) where !items.isEmpty && !isFlow:
            let mark = anchor()
            return (mark.isEmpty ? "" : " \(mark)") + lineEnd
                + items.map { margin + "-" + block($0, indent: indent + step) }.joined()
        default: return " " + flow(node) + lineEnd
        }
    }

    private mutating func flow(_ node: JSONTree) -> String {
        let mark = anchor()
        switch node {
        case .object(let entries):
            return mark + "{" + entries.map { key($0.key) + ": " + flow($0.value) }.joined(separator: ", ") + "}"
        case .array(let items): return mark + "[" + items.map { flow($0) }.joined(separator: ", ") + "]"
        case .plain(let text): return mark + text
        case .string(let text): return mark + "\"\(text)\""
        }
    }

    private mutating func key(_ text: String) -> String {
        let isPlain = !text.isEmpty && text.allSatisfy { $0.isASCII && ($0.isLetter || $0 == "_") }
        return isPlain && below(16) > 0 ? text : "\"\(text)\""
    }
}

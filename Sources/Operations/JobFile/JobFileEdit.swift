import Yams

/// Sets single values in a job file's text and leaves all else as it is: comments, order, and how values are written.
public struct JobFileEdit: Sendable {
    /// The text with what was set so far.
    public private(set) var text: String

    public init(_ text: String) {
        let text = text.first == "\u{FEFF}" ? String(text.dropFirst()) : text
        self.text =
            (try? Parser(yaml: text, encoding: .utf8).singleRoot()) == nil ? YAMLText.withNamesInQuotes(text) : text
    }

    /// Sets the value of a key, and adds the key, and the mappings that it is in, where they are not there.
    ///
    /// - Parameters:
    ///   - path: from the root, such as `["training", "l2"]`; an item of a list by its position, `["features", "0",
    ///     "name"]`.
    ///   - value: as YAML writes it, on one line.
    /// - Returns: false where the text has no such place to write to; nothing is changed then.
    @discardableResult
    public mutating func set(_ path: [String], to value: String) -> Bool {
        guard let root = try? Parser(yaml: text, encoding: .utf8).singleRoot(),
            let edited = set(path[...], to: value, in: root)
        else { return false }
        text = edited
        return true
    }

    private func set(_ path: ArraySlice<String>, to value: String, in node: Node) -> String? {
        guard let key = path.first else { return replacing(node, by: value) }
        let rest = path.dropFirst()
        switch node {
        case .mapping(let mapping):
            if let inner = mapping[key] { return set(rest, to: value, in: inner) }
            return adding(key, rest.reversed().reduce(value) { "{\($1): \($0)}" }, to: mapping)
        case .sequence(let items):
            guard let index = Int(key) else {
                guard rest.isEmpty, let range = range(of: node) else { return nil }
                // A net may be a list of its widths, and says more as a mapping.
                if key == "hidden" { return replacing(node, by: value) }
                return replacing(node, by: "{hidden: \(String(text.unicodeScalars[range])), \(key): \(value)}")
            }
            return items.indices.contains(index) ? set(rest, to: value, in: items[index]) : nil
        case .scalar, .alias:
            return nil
        }
    }

    private func replacing(_ node: Node, by value: String) -> String? {
        guard let range = range(of: node) else { return nil }
        var scalars = text.unicodeScalars
        scalars.replaceSubrange(range, with: value.unicodeScalars)
        return String(scalars)
    }

    private func adding(_ key: String, _ value: String, to mapping: Node.Mapping) -> String? {
        guard let mark = mapping.mark, let start = place(mark) else { return nil }
        var scalars = text.unicodeScalars
        if scalars[start] == "{" {
            let comma = mapping.isEmpty ? "" : ", "
            scalars.insert(contentsOf: "\(key): \(value)\(comma)".unicodeScalars, at: scalars.index(after: start))
            return String(scalars)
        }
        guard let first = mapping.first?.key.mark, let place = place(first) else { return nil }
        let indent = String(repeating: " ", count: first.column - 1)
        // The file's own keys have comments above them, so that a new section is best at the end.
        guard first.column > 1 else {
            let end = scalars.last == "\n" || scalars.isEmpty ? "" : "\n"
            return text + "\(end)\n\(key): \(value)\n"
        }
        scalars.insert(contentsOf: "\(key): \(value)\n\(indent)".unicodeScalars, at: place)
        return String(scalars)
    }

    /// Where a value that is written on one line, or in brackets, lies in the text.
    private func range(of node: Node) -> Range<String.UnicodeScalarView.Index>? {
        let scalars = text.unicodeScalars
        guard let mark = node.mark, let start = place(mark), start < scalars.endIndex else { return nil }
        if case .scalar(let scalar) = node {
            guard scalar.style == .plain,
                let end = scalars.index(
                    start, offsetBy: scalar.string.unicodeScalars.count, limitedBy: scalars.endIndex),
                String(scalars[start..<end]) == scalar.string
            else { return nil }
            return start..<end
        }
        guard scalars[start] == "[" || scalars[start] == "{" else { return nil }
        var (depth, index) = (0, start)
        while index < scalars.endIndex {
            switch scalars[index] {
            case "[", "{": depth += 1
            case "]", "}": depth -= 1
            // Brackets in quotes or comments are not counted for: such a value is left alone.
            case "\"", "'", "#": return nil
            default: break
            }
            index = scalars.index(after: index)
            if depth == 0 { return start..<index }
        }
        return nil
    }

    private func place(_ mark: Mark) -> String.UnicodeScalarView.Index? {
        let scalars = text.unicodeScalars
        var start = scalars.startIndex
        for _ in 1..<max(1, mark.line) {
            guard let end = scalars[start...].firstIndex(of: "\n") else { return nil }
            start = scalars.index(after: end)
        }
        return scalars.index(start, offsetBy: mark.column - 1, limitedBy: scalars.endIndex)
    }
}

import Files
import Names
import Yams

/// One mapping of the job file, read key by key.
///
/// Each read names its key and its form; `close()` reports the keys that nobody asked for. A value that does not fit is
/// noted in the problem list and the destination keeps what it had, so that reading continues.
final class Section {
    /// How messages call this mapping, such as `training` or `features[price]`; empty for the whole file.
    let path: String
    /// Where the mapping starts, or where its own key is.
    let line: Int
    let problems: ProblemList
    /// Takes down what is asked for, instead of a file being read; nil: a file is read.
    let outline: JobFileOutline?
    private var entries: [String: Entry] = [:]
    /// The keys that are there, as the file has them.
    private(set) var keysInOrder: [String] = []
    private var known: [String] = []

    private struct Entry {
        var line: Int
        var value: Node
    }

    init(_ mapping: Node.Mapping, path: String, line: Int, problems: ProblemList) {
        self.path = path
        self.line = line
        self.problems = problems
        outline = nil
        for (key, value) in mapping {
            add(key, value)
        }
    }

    /// A mapping that has every key, to learn which keys there are.
    init(outline: JobFileOutline, path: String) {
        self.path = path
        line = 0
        problems = ProblemList()
        self.outline = outline
    }

    private func add(_ key: Node, _ value: Node) {
        let line = key.mark?.line ?? self.line
        guard let scalar = key.scalar else {
            return problems.add(line: line, "\(subject)a key is \(key.kind); expected a plain word")
        }
        if scalar.isPlain, scalar.string == "<<" {
            return problems.add(
                line: line, "\(subject)merge keys (<<) are not supported; write the merged keys out")
        }
        let name = DuplicateKeys.originalName(scalar.string)
        if let other = entries[name] {
            let (first, second) = (min(other.line, line), max(other.line, line))
            problems.add(
                line: second, "\(qualified(name)) is given twice, first on line \(first); remove one of the two")
        } else {
            entries[name] = Entry(line: line, value: value)
            keysInOrder.append(name)
        }
    }

    // MARK: Reading

    /// Line of a key's value, or of the section when the key is absent.
    func line(of key: String) -> Int { entries[key]?.line ?? line }

    func has(_ key: String) -> Bool { outline != nil || entries[key] != nil }

    func isMapping(_ key: String) -> Bool { outline != nil || entries[key]?.value.mapping != nil }

    func isList(_ key: String) -> Bool { entries[key]?.value.sequence != nil }

    /// The keys that are there, sorted; for mappings whose keys are names.
    var keys: [String] { entries.keys.sorted() }

    /// Reads an optional key; without it the destination keeps its value, the default.
    func read<Value>(_ key: String, _ form: Form<Value>, into destination: inout Value) {
        outline?.add(qualified(key), form.expected, default: form.show(destination))
        if let value = value(key, form) { destination = value }
    }

    /// Reads an optional key without a default.
    func read<Value>(_ key: String, _ form: Form<Value>, into destination: inout Value?) {
        outline?.add(qualified(key), form.expected, default: destination.map(form.show))
        if let value = value(key, form) { destination = value }
    }

    /// Reads a key that must be there.
    func require<Value>(_ key: String, _ form: Form<Value>, into destination: inout Value) {
        if isPresent(key, expected: form.expected) { read(key, form, into: &destination) }
    }

    /// Reads a key that must be there, when the reader has to know whether its value was good.
    func require<Value>(_ key: String, _ form: Form<Value>, into destination: inout Value?) {
        if isPresent(key, expected: form.expected) { read(key, form, into: &destination) }
    }

    /// Reads an optional list of scalars.
    func read<Value: Hashable>(
        _ key: String, listOf form: Form<Value>, _ repetition: Repetition = .allowed, into destination: inout [Value]
    ) {
        let expected = "a list, each item \(form.expected)"
        let none = destination.isEmpty ? nil : "[" + destination.map(form.show).joined(separator: ", ") + "]"
        outline?.add(qualified(key), expected, default: none)
        let nodes = items(key, expected: expected)
        guard !nodes.isEmpty else { return }
        var values: [Value] = []
        for (position, node) in nodes.enumerated() {
            let name = "\(qualified(key))[\(position + 1)]"
            guard let value = scalar(node, called: name, form, line: node.mark?.line ?? line(of: key)) else { continue }
            if repetition == .refused, values.contains(value) {
                problems.add(
                    line: node.mark?.line ?? line(of: key), "\(name) repeats an earlier item; remove one of the two")
            }
            values.append(value)
        }
        destination = values
    }

    /// Reads a list of scalars that must be there.
    func require<Value: Hashable>(_ key: String, listOf form: Form<Value>, into destination: inout [Value]) {
        if isPresent(key, expected: "a list, each item \(form.expected)") {
            read(key, listOf: form, into: &destination)
        }
    }

    enum Repetition { case allowed, refused }

    /// The nodes of a list with at least one item; empty, and noted, when there is no such list. An absent key is not
    /// noted.
    func items(_ key: String, expected: String) -> [Node] {
        know(key)
        guard let entry = entries[key] else { return [] }
        guard let sequence = entry.value.sequence, !sequence.isEmpty else {
            problems.add(line: entry.line, "\(qualified(key)) \(entry.value.finding); expected \(expected)")
            return []
        }
        return Array(sequence)
    }

    /// Reads an optional mapping: calls `body` with it and reports its unknown keys.
    func section(_ key: String, _ body: (Section) -> Void) {
        know(key)
        if let outline {
            outline.add(qualified(key), Self.mapping, default: nil)
            body(Section(outline: outline, path: qualified(key)))
        }
        guard let entry = entries[key] else { return }
        guard let mapping = entry.value.mapping else {
            problems.add(
                line: entry.line, "\(qualified(key)) \(entry.value.finding); expected \(Self.mapping)")
            return
        }
        let section = Section(mapping, path: qualified(key), line: entry.line, problems: problems)
        body(section)
        section.close()
    }

    /// Reads a mapping that must be there.
    func requireSection(_ key: String, _ body: (Section) -> Void) {
        if isPresent(key, expected: Self.mapping) { section(key, body) }
    }

    /// Reports the keys that nothing has asked for.
    func close() {
        for (key, entry) in entries where !known.contains(key) {
            let unused = known.filter { !has($0) }
            let guess = nearest(to: key, among: unused) ?? nearest(to: key, among: known)
            let advice = guess.map { "did you mean \($0)?" } ?? "known keys are " + known.joined(separator: ", ")
            problems.add(line: entry.line, "\(qualified(key)) is not a known key; \(advice)")
        }
    }

    /// The key as messages write it: `training.batch_size`.
    func qualified(_ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    // MARK: Steps

    private static let mapping = "a mapping of keys to values"

    private var subject: String { path.isEmpty ? "" : "\(path): " }

    private func know(_ key: String) {
        if !known.contains(key) { known.append(key) }
    }

    private func isPresent(_ key: String, expected: String) -> Bool {
        know(key)
        outline?.add(qualified(key), expected, default: nil, isRequired: true)
        guard !has(key) else { return true }
        problems.add(line: line, "\(qualified(key)) is missing; expected \(expected)")
        return false
    }

    private func value<Value>(_ key: String, _ form: Form<Value>) -> Value? {
        know(key)
        return entries[key].flatMap { scalar($0.value, called: qualified(key), form, line: $0.line) }
    }

    private func scalar<Value>(_ node: Node, called name: String, _ form: Form<Value>, line: Int) -> Value? {
        if let scalar = node.scalar, !scalar.isNull, let value = form.read(scalar) { return value }
        let hint = node.scalar.map { self.hint($0, form) } ?? ""
        problems.add(line: line, "\(name) \(node.finding); expected \(form.expected)\(hint)")
        return nil
    }

    /// What was probably meant by a scalar that does not fit.
    private func hint<Value>(_ scalar: Node.Scalar, _ form: Form<Value>) -> String {
        var respelt = scalar
        respelt.style = scalar.isPlain ? .doubleQuoted : .plain
        guard !scalar.isNull, form.read(respelt) != nil else { return form.hint(scalar.string) }
        return scalar.isPlain ? "; in quotes it would be text" : "; remove the quotes"
    }
}

extension Node {
    /// What the node is, in words.
    var kind: String {
        switch self {
        case .scalar: "a single value"
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    /// What was found, to follow a key's name: `is 0`, `has no value`, `is a list`.
    var finding: String {
        switch self {
        case .scalar(let scalar) where scalar.isNull: "has no value"
        case .scalar(let scalar): "is \(scalar.quotedForMessage)"
        case .sequence(let items) where items.isEmpty: "is an empty list"
        default: "is \(kind)"
        }
    }
}

extension Node.Scalar {
    /// The scalar as written, cut short; with quotes where they decide what it is.
    fileprivate var quotedForMessage: String {
        let longest = 60
        let cut = VisibleText.prefix(string, bytes: longest)
        let printable = VisibleText.escaped(cut) + (cut.utf8.count < string.utf8.count ? "…" : "")
        if isPlain, resolvedTag == Tag(.bool) { return "the boolean \(printable)" }
        let isNumber = isPlain && (resolvedTag == Tag(.int) || resolvedTag == Tag(.float))
        return isNumber ? "\(printable)" : "\"\(printable)\""
    }
}

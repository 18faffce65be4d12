import CounterRandom

/// JSON as a mutator sees it: order, digits and repeated keys are kept.
indirect enum JSONTree: Sendable {
    case object([(key: String, value: JSONTree)])
    case array([JSONTree])
    /// A number, `true`, `false` or `null`, as it stands.
    case plain(String)
    /// Between its quotes, escaped.
    case string(String)

    /// - Parameter text: JSON, or what spoiling left of it.
    init(_ text: String) {
        var rest = Substring(text).unicodeScalars[...]
        self = Self.read(&rest)
    }

    var text: String {
        switch self {
        case .object(let entries): "{" + entries.map { "\"\($0.key)\":\($0.value.text)" }.joined(separator: ",") + "}"
        case .array(let items): "[" + items.map(\.text).joined(separator: ",") + "]"
        case .plain(let text): text
        case .string(let text): "\"\(text)\""
        }
    }

    private static func read(_ rest: inout Substring.UnicodeScalarView) -> JSONTree {
        func skip() { while let next = rest.first, " \n\r\t,:".unicodeScalars.contains(next) { rest.removeFirst() } }
        func quoted() -> String {
            rest.removeFirst()
            var text = String.UnicodeScalarView()
            while let next = rest.popFirst(), next != "\"" {
                text.append(next)
                if next == "\\", let escaped = rest.popFirst() { text.append(escaped) }
            }
            return String(text)
        }
        skip()
        switch rest.first {
        case "{":
            rest.removeFirst()
            var entries: [(String, JSONTree)] = []
            skip()
            while let next = rest.first, next != "}" {
                let key = quoted()
                entries.append((key, read(&rest)))
                skip()
            }
            _ = rest.popFirst()
            return .object(entries)
        case "[":
            rest.removeFirst()
            var items: [JSONTree] = []
            skip()
            while let next = rest.first, next != "]" {
                items.append(read(&rest))
                skip()
            }
            _ = rest.popFirst()
            return .array(items)
        case "\"": return .string(quoted())
        default:
            var text = String.UnicodeScalarView()
            while let next = rest.first, !",]} \n".unicodeScalars.contains(next) { text.append(rest.removeFirst()) }
            // A bracket that closes nothing, of text that was spoiled before: read on after it.
            if text.isEmpty, let stray = rest.popFirst() { text.append(stray) }
            return .plain(String(text))
        }
    }

    /// Nodes in the tree, itself included.
    var count: Int {
        switch self {
        case .object(let entries): 1 + entries.reduce(0) { $0 + $1.value.count }
        case .array(let items): 1 + items.reduce(0) { $0 + $1.count }
        default: 1
        }
    }

    /// The node of a number in reading order, changed in place.
    mutating func change(node number: Int, _ body: (inout JSONTree) -> Void) {
        if number == 0 { return body(&self) }
        var rest = number - 1
        switch self {
        case .object(var entries):
            for index in entries.indices {
                let count = entries[index].value.count
                if rest < count {
                    entries[index].value.change(node: rest, body)
                    break
                }
                rest -= count
            }
            self = .object(entries)
        case .array(var items):
            for index in items.indices {
                let count = items[index].count
                if rest < count {
                    items[index].change(node: rest, body)
                    break
                }
                rest -= count
            }
            self = .array(items)
        default: break
        }
    }

    func node(_ number: Int) -> JSONTree {
        var (copy, found) = (self, self)
        copy.change(node: number) { found = $0 }
        return found
    }

    /// Values that ask too much of a careless reader.
    private static let hostileNumbers = [
        "-1", "0", "1", "2", "3", "5", "16", "31", "32", "64", "255", "256", "65536", "2147483647", "2147483648",
        "4294967295", "4294967296", "1000000000000", "1099511627776", "4611686018427387904", "9223372036854775807",
        "9223372036854775808", "-9223372036854775808", "18446744073709551615", "0.5", "-0.0", "1e-320", "1e30", "3e38",
        "1e308", "1e999", "-5", "1.0",
    ]
    private static let hostileTexts = [
        "", "a", "../../x", "\\u0000", "\\ud800", "é", "rocket", "embedding.user", "__metadata__", "UTC",
        "Nowhere/Else",
        String(repeating: "x", count: 300),
    ]

    /// Changes one thing, somewhere.
    mutating func mutate(_ random: inout CounterRandom) {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
        func number() -> String { Self.hostileNumbers[below(Self.hostileNumbers.count)] }
        let whole = self
        let (choice, donor) = (below(10), whole.node(below(whole.count)))
        let (first, second, hostile, text) = (below(1 << 20), below(1 << 20), number(), below(Self.hostileTexts.count))
        change(node: below(whole.count)) { node in
            switch (node, choice) {
            case (.plain, 0...6): node = .plain(hostile)
            case (.string, 0...3): node = .string(Self.hostileTexts[text])
            case (.string(let old), 4...5): node = .string(String(old.unicodeScalars.dropLast(1 + first % 3)))
            case (.object(var entries), 0...1) where !entries.isEmpty:
                entries.remove(at: first % entries.count)
                node = .object(entries)
            case (.object(var entries), 2...3) where !entries.isEmpty:
                entries.append(entries[first % entries.count])
                node = .object(entries)
            case (.object(var entries), 4...5) where entries.count > 1:
                let (one, other) = (first % entries.count, second % entries.count)
                (entries[one].value, entries[other].value) = (entries[other].value, entries[one].value)
                node = .object(entries)
            case (.array(var items), 0...2) where !items.isEmpty:
                items.remove(at: first % items.count)
                node = .array(items)
            case (.array(var items), 3...6) where !items.isEmpty:
                items.append(contentsOf: repeatElement(items[first % items.count], count: 1 + second % 50))
                node = .array(items)
            case (_, 7): node = donor
            case (_, 8): node = first % 2 == 0 ? .array([node]) : .object([("a", node)])
            default: node = .plain(first % 3 == 0 ? "null" : hostile)
            }
        }
    }
}

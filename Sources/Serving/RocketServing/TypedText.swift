import Features

/// A text that stands for a value of one of PostgreSQL's types, in PostgreSQL's form; nil if it does not.
struct TypedText {
    private let text: String

    init(_ text: String) {
        self.text = text
    }

    func text(as type: ColumnType.Scalar) -> String? {
        switch type {
        case .date: isDate ? text : nil
        case .time: clock(text[...])
        case .timeWithZone: timeWithZone
        case .interval: isInterval ? text : nil
        case .bytea: bytes
        case .bits: isMade(of: "01") ? text : nil
        case .inet: inet
        case .cidr: text.contains("/") && isMade(of: "0123456789abcdef:./") ? text : nil
        case .hardwareAddress: hardwareAddress
        default: nil
        }
    }

    private func isMade(of characters: String) -> Bool { text.utf8.allSatisfy { characters.utf8.contains($0) } }

    private var isDate: Bool {
        if text == "infinity" || text == "-infinity" { return true }
        let parts = text.prefix { $0 != " " }.split(separator: "-", omittingEmptySubsequences: false)
        let era = text.drop { $0 != " " }
        guard parts.count == 3, (4...7).contains(parts[0].utf8.count), parts[1].utf8.count == 2,
            parts[2].utf8.count == 2,
            parts.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2]), year > 0,
            parts[0].utf8.count == 4 || !parts[0].hasPrefix("0")
        else { return false }
        // Leap days BC are off by one year; a date that does not exist is not in a log either.
        return (1...12).contains(month) && (1...(era.isEmpty ? Moment.days(in: month, of: year) : 31)).contains(day)
            && (era.isEmpty || era == " BC")
    }

    /// Returns `10:00:00.5`, without trailing zeros in the fraction.
    private func clock(_ text: Substring) -> String? {
        let halves = text.split(separator: ".", omittingEmptySubsequences: false)
        guard halves.count <= 2, let whole = halves.first, whole.utf8.count == 8 else { return nil }
        let parts = whole.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3,
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            let hour = Int(parts[0]), let minute = Int(parts[1]), let second = Int(parts[2]), hour <= 24, minute < 60,
            second < 60, hour < 24 || whole == "24:00:00"
        else { return nil }
        guard halves.count == 2 else { return String(whole) }
        var fraction = halves[1]
        guard (1...6).contains(fraction.utf8.count), fraction.utf8.allSatisfy({ (48...57).contains($0) }) else {
            return nil
        }
        while fraction.hasSuffix("0") { fraction.removeLast() }
        return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
    }

    private var timeWithZone: String? {
        guard let sign = text.lastIndex(where: { $0 == "+" || $0 == "-" }), let time = clock(text[..<sign]) else {
            return nil
        }
        let zone = text[sign...]
        let parts = zone.dropFirst().split(separator: ":", omittingEmptySubsequences: false)
        guard (1...3).contains(parts.count),
            parts.allSatisfy({ $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) } }),
            // PostgreSQL leaves out zeros.
            parts.count == 1 || parts.last != "00"
        else { return nil }
        return time + zone
    }

    /// Whether the text is in the style `postgres`: `-1 years +2 mons 3 days -04:05:06.7`.
    private var isInterval: Bool {
        var words = text.split(separator: " ", omittingEmptySubsequences: false)[...]
        guard !text.isEmpty else { return false }
        for unit in ["year", "mon", "day"] {
            guard words.count >= 2, let number = Int(words[words.startIndex]), number != 0 else { continue }
            let name = words[words.startIndex + 1]
            guard name == (number == 1 ? unit : unit + "s") else { continue }
            words = words.dropFirst(2)
        }
        guard let time = words.first else { return true }
        guard words.count == 1 else { return false }
        let digits = time.first == "-" || time.first == "+" ? time.dropFirst() : time
        let parts = digits.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].utf8.count >= 2, parts[0].utf8.allSatisfy({ (48...57).contains($0) }) else {
            return false
        }
        let rest = "00:\(parts[1]):\(parts[2])"
        return clock(rest[...]) == rest
    }

    private var bytes: String? {
        let digits = text.dropFirst(2).lowercased()
        guard text.hasPrefix("\\x"), digits.utf8.count.isMultiple(of: 2) else { return nil }
        return digits.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } ? "\\x" + digits : nil
    }

    /// The address with its mask, as a cast to text has it; the text of a single address in JSON has none.
    private var inet: String? {
        let text = text.lowercased()
        guard !text.isEmpty, TypedText(text).isMade(of: "0123456789abcdef:./") else { return nil }
        return text.contains("/") ? text : text + (text.contains(":") ? "/128" : "/32")
    }

    private var hardwareAddress: String? {
        let parts = text.lowercased().split(separator: ":", omittingEmptySubsequences: false)
        guard [6, 8].contains(parts.count),
            parts.allSatisfy({
                $0.utf8.count == 2 && $0.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            })
        else { return nil }
        return parts.joined(separator: ":")
    }
}

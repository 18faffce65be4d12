import Yams

/// Composes YAML although a mapping gives a key twice.
///
/// Yams stops at the first mapping with a repeated key, and tells the place of the first of the two only. So that the
/// other mistakes of the file are found in the same run, that first one is renamed in the text by a prefix which no key
/// can have, and the text is composed again; `Section` undoes the name and reports both lines.
enum DuplicateKeys {
    /// Private-use characters around the number of the renaming; they only add columns, never lines.
    private static let opening: Character = "\u{F8F0}"
    private static let closing: Character = "\u{F8F1}"
    /// More repeated keys than this are reported as Yams does, one at a time.
    private static let mostRenamings = 64

    static func compose(_ text: String) throws -> Node? {
        var text = text
        for number in 0... {
            do {
                return try Parser(yaml: text, encoding: .utf8).singleRoot()
            } catch YamlError.duplicatedKeysInMapping(let names, let context) where number < mostRenamings {
                guard let renamed = rename(keyAt: context.mark, in: text, number: number) else {
                    throw YamlError.duplicatedKeysInMapping(duplicates: names, context: context)
                }
                text = renamed
            }
        }
        return nil
    }

    /// The key as it is in the file.
    static func originalName(_ name: String) -> String {
        guard name.first == opening, let end = name.firstIndex(of: closing) else { return name }
        return String(name[name.index(after: end)...])
    }

    /// Nil when the key is not a word that can be prefixed where it stands: an anchor, a tag, a nested key.
    private static func rename(keyAt mark: Mark, in text: String, number: Int) -> String? {
        let scalars = text.unicodeScalars
        guard var place = startOfLine(mark.line, in: scalars),
            let key = scalars.index(place, offsetBy: mark.column - 1, limitedBy: scalars.endIndex),
            key < scalars.endIndex
        else { return nil }
        place = key
        switch scalars[place] {
        case "\"", "'": place = scalars.index(after: place)
        case "&", "*", "!", "?", "[", "{", "|", ">": return nil
        default: break
        }
        var renamed = scalars
        renamed.insert(contentsOf: "\(opening)\(number)\(closing)".unicodeScalars, at: place)
        return String(renamed)
    }

    private static func startOfLine(_ line: Int, in scalars: String.UnicodeScalarView) -> String.Index? {
        var place = scalars.startIndex
        for _ in 1..<max(1, line) {
            guard let end = scalars[place...].firstIndex(of: "\n") else { return nil }
            place = scalars.index(after: end)
        }
        return place
    }
}

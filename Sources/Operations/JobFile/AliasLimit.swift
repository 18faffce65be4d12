/// Anchors and aliases of YAML let a short text stand for more nodes than any memory holds. Job files have few: their
/// number is limited before anything is composed.
///
/// The text is looked through without a parser, and what only looks like an alias, in a comment say, counts too.
enum AliasLimit {
    /// Aliases of lists and mappings: at most this many, nested as they may be, stand for less than fifty times the
    /// file.
    static let mostCollections = 10
    /// Aliases of plain values.
    static let mostScalars = 1_000

    /// - Returns: nil: there are few enough.
    static func problem(in text: String) -> (line: Int, message: String)? {
        let bytes = Array(text.utf8)
        let marks = marks(bytes)
        let anchors = marks.filter { bytes[$0.place] == UInt8(ascii: "&") }
        let names = Set(anchors.map(\.name))
        let collections = Set(anchors.filter { !standsForScalar(bytes, after: $0) }.map(\.name))
        var (nodes, scalars) = (0, 0)
        for mark in marks where bytes[mark.place] == UInt8(ascii: "*") && names.contains(mark.name) {
            if collections.contains(mark.name) { nodes += 1 } else { scalars += 1 }
            guard nodes > mostCollections || scalars > mostScalars else { continue }
            let line = 1 + bytes[..<mark.place].count { $0 == UInt8(ascii: "\n") }
            return (
                line,
                "more aliases (*name) than a job file may have: \(mostCollections) of lists and mappings, \(mostScalars) of "
                    + "plain values; write out what they stand for"
            )
        }
        return nil
    }

    private struct Mark {
        var place: Int
        var name: ArraySlice<UInt8>
    }

    /// Every `&name` and `*name`, wherever it stands.
    private static func marks(_ bytes: [UInt8]) -> [Mark] {
        bytes.indices.compactMap { place in
            guard bytes[place] == UInt8(ascii: "&") || bytes[place] == UInt8(ascii: "*") else { return nil }
            let name = bytes[(place + 1)...].prefix(while: isName)
            return name.isEmpty ? nil : Mark(place: place, name: name)
        }
    }

    /// Whether a value that fits on the anchor's line follows it, and no list or mapping.
    private static func standsForScalar(_ bytes: [UInt8], after mark: Mark) -> Bool {
        let rest = bytes[mark.name.endIndex...].prefix { $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\r") }
        let value = rest.drop { $0 == 0x20 }
        guard value.startIndex > rest.startIndex, let first = value.first, isName(first), first != UInt8(ascii: "-")
        else {
            return false
        }
        return !value.contains(UInt8(ascii: ":"))
    }

    private static func isName(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte | 0x20) || byte == UInt8(ascii: "_")
            || byte == UInt8(ascii: "-")
    }
}

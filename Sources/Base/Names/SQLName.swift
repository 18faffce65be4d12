/// Names of tables and columns as people write them: plain, or as psql prints them, `"Ads"."AdEvents"`.
///
/// A plain name is taken as it is, letter by letter; nothing is folded to lower case. In quotes, two of them stand for
/// one, and a point belongs to the name.
public enum SQLName {
    /// Returns a column's name without the quotes that psql prints around it; any other text as it is.
    public static func column(_ text: String) -> String {
        guard text.hasPrefix("\""), let parts = parts(text), parts.count == 1 else { return text }
        return parts[0]
    }

    /// Returns `table` or `schema.table` in its shortest form: without quotes, unless a name has a point or a quote in
    /// it. Text that is neither is returned as it is.
    public static func relation(_ text: String) -> String {
        guard text.contains("\""), let parts = parts(text), parts.count <= 2 else { return text }
        if parts.contains(where: { $0.contains(".") || $0.contains("\"") }) {
            return parts.map(quoted).joined(separator: ".")
        }
        return parts.joined(separator: ".")
    }

    /// Returns the names that a text of names between points consists of, without their quotes: `"Ads"."AdEvents"` and
    /// `Ads.AdEvents` are both `[Ads, AdEvents]`. Nil if a quote is not closed, or a name is empty.
    public static func parts(_ text: String) -> [String]? {
        var parts: [String] = []
        var rest = text[...]
        while true {
            guard let (name, after) = rest.first == "\"" ? quotedName(rest.dropFirst()) : plainName(rest), !name.isEmpty
            else { return nil }
            parts.append(name)
            if after.isEmpty { return parts }
            guard after.first == "." else { return nil }
            rest = after.dropFirst()
        }
    }

    /// Returns a name as SQL has it, in quotes. For SQL that is shown; what is run is quoted by libpq.
    public static func quoted(_ name: String) -> String {
        "\"" + name.replacing("\"", with: "\"\"") + "\""
    }

    /// Returns a relation as SQL has it, each part in quotes. For SQL that is shown.
    public static func quotedRelation(_ text: String) -> String {
        let parts = parts(text) ?? [text]
        return (parts.count == 1 ? ["public"] + parts : parts).map(quoted).joined(separator: ".")
    }

    private static func plainName(_ text: Substring) -> (name: String, rest: Substring)? {
        let name = text.prefix { $0 != "." && $0 != "\"" }
        let rest = text.dropFirst(name.count)
        return rest.first == "\"" ? nil : (String(name), rest)
    }

    private static func quotedName(_ text: Substring) -> (name: String, rest: Substring)? {
        var name = ""
        var rest = text
        while let quote = rest.firstIndex(of: "\"") {
            name += rest[..<quote]
            rest = rest[rest.index(after: quote)...]
            guard rest.first == "\"" else { return (name, rest) }
            name += "\""
            rest = rest.dropFirst()
        }
        return nil
    }
}

/// A plot with its title, a sentence on how to read it, the key to its lines, and its numbers as a table.
public struct Figure: Sendable {
    public var title: String
    public var note: Markup
    public var svg: Markup
    public var key: [KeyEntry]
    public var table: DataTable

    public init(
        _ title: String, note: Markup, svg: Markup, key: [KeyEntry] = [], table: DataTable
    ) {
        self.title = title
        self.note = note
        self.svg = svg
        self.key = key
        self.table = table
    }

    /// The meaning of a line or symbol.
    public struct KeyEntry: Sendable {
        var name: String
        var sample: Markup

        public init(_ name: String, _ style: SeriesStyle) {
            self.name = name
            sample = style.sample
        }

        public init(_ name: String, _ symbol: EventSymbol) {
            self.name = name
            sample = symbol.sample
        }
    }

    public var html: Markup {
        let entries = key.map { entry -> Markup in "<li>\(entry.sample) \(entry.name)</li>" }
        let list: Markup = key.isEmpty ? "" : "<ul class=\"key\">\(entries.joined())</ul>\n"
        return """
            <figure>
            <figcaption><h3>\(title)</h3>
            <p>\(note)</p></figcaption>
            \(list)\(svg)
            \(table.folded)</figure>

            """
    }
}

/// Returns the picture's outer element, with its description for screen readers.
func picture(id: String, title: String, description: String, width: Double, height: Double, _ content: Markup) -> Markup
{
    """
    <svg class="plot" viewBox="0 0 \(at: width) \(at: height)" role="img" aria-labelledby="\(id)-title \(id)-desc">
    <title id="\(id)-title">\(title)</title><desc id="\(id)-desc">\(description)</desc>
    \(content)</svg>
    """
}

/// A table in a separate box, which scrolls if the screen is narrow.
public struct DataTable: Sendable {
    public struct Column: Sendable {
        var title: String
        /// The CSS class of its cells; empty for none.
        var name: Markup

        /// Returns a column of a few words, aligned left.
        public static func text(_ title: String) -> Column { Column(title: title, name: "") }
        /// Returns a column of sentences, which may take several lines.
        public static func prose(_ title: String) -> Column { Column(title: title, name: "p") }
        /// Returns a column of numbers, aligned right.
        public static func number(_ title: String) -> Column { Column(title: title, name: "n") }

        var attribute: Markup { name.isEmpty ? "" : " class=\"\(name)\"" }
    }

    /// The table's subject, unique on the page: screen readers list tables by it.
    public var caption: String
    public var columns: [Column]
    /// The rows, with a cell for each column; the first cell names the row.
    public var rows: [[Markup]]

    public init(_ caption: String, _ columns: [Column], rows: [[Markup]]) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
    }

    /// Creates a table of plain text.
    public init(_ caption: String, _ columns: [Column], text rows: [[String]]) {
        self.init(caption, columns, rows: rows.map { $0.map { Markup(escaping: $0) } })
    }

    public var html: Markup {
        let head = columns.map { column -> Markup in
            "<th scope=\"col\"\(column.attribute)>\(column.title)</th>"
        }
        let body = rows.map { row -> Markup in
            let cells = zip(columns, row).enumerated().map { index, cell -> Markup in
                index == 0
                    ? "<th scope=\"row\"\(cell.0.attribute)>\(cell.1)</th>" : "<td\(cell.0.attribute)>\(cell.1)</td>"
            }
            return "<tr>\(cells.joined())</tr>\n"
        }
        // On a narrow screen some columns are out of sight, which the style says.
        let width = columns.count > 4 || columns.contains { $0.name == "p" } ? "scroll wide" : "scroll"
        return """
            <div class="\(width)" role="region" tabindex="0" aria-label="\(caption)"><table>
            <caption>\(caption)</caption>
            <thead><tr>\(head.joined())</tr></thead>
            <tbody>
            \(body.joined())</tbody>
            </table></div>

            """
    }

    /// The table, folded until somebody wants the numbers.
    public var folded: Markup {
        "<details><summary>\(caption)</summary>\n\(html)</details>\n"
    }
}

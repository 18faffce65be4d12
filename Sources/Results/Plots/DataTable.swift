/// A table in a box of its own, which scrolls where the screen is narrow.
public struct DataTable: Sendable {
    public struct Column: Sendable {
        var title: String
        /// Of its cells; empty: none.
        var name: Markup

        /// A few words, to the left.
        public static func text(_ title: String) -> Column { Column(title: title, name: "") }
        /// Sentences, which may take several lines.
        public static func prose(_ title: String) -> Column { Column(title: title, name: "p") }
        /// Numbers, to the right.
        public static func number(_ title: String) -> Column { Column(title: title, name: "n") }

        var attribute: Markup { name.isEmpty ? "" : " class=\"\(name)\"" }
    }

    /// What it shows. No two tables of a page may have the same: screen readers list them by it.
    public var caption: String
    public var columns: [Column]
    /// A cell for each column; the first names the row.
    public var rows: [[Markup]]

    public init(_ caption: String, _ columns: [Column], rows: [[Markup]]) {
        self.caption = caption
        self.columns = columns
        self.rows = rows
    }

    /// The same of plain text.
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
        return """
            <div class="scroll" role="region" tabindex="0" aria-label="\(caption)"><table>
            <caption>\(caption)</caption>
            <thead><tr>\(head.joined())</tr></thead>
            <tbody>
            \(body.joined())</tbody>
            </table></div>

            """
    }

    /// Closed until somebody wants the numbers.
    public var folded: Markup {
        "<details><summary>\(caption)</summary>\n\(html)</details>\n"
    }
}

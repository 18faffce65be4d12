import Foundation

/// Text that fits the terminal that standard output is. Elsewhere, in a file or a pipe, text stays as it is.
struct TerminalText {
    /// Columns; nil: no limit.
    let width: Int?

    /// That of standard output.
    static let standardOutput = TerminalText(width: isatty(STDOUT_FILENO) == 1 ? columns(of: STDOUT_FILENO) : nil)

    /// The columns of a terminal; 80 if it does not say.
    static func columns(of file: Int32) -> Int {
        var size = winsize()
        guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 1 else { return 80 }
        return Int(size.ws_col)
    }

    /// Breaks lines at words; what is one word stays whole.
    ///
    /// - Parameter indent: Spaces before the second and later lines.
    func wrapped(_ text: String, indent: Int) -> String {
        guard let width else { return text }
        return text.split(separator: "\n", omittingEmptySubsequences: false)
            .map { Self.wrapped($0, width: width, indent: indent) }.joined(separator: "\n")
    }

    private static func wrapped(_ line: Substring, width: Int, indent: Int) -> String {
        var lines: [String] = []
        var rest = line
        while rest.count > width - (lines.isEmpty ? 0 : indent) {
            let room = width - (lines.isEmpty ? 0 : indent)
            // Leading spaces are the line's own.
            let start = rest.firstIndex { $0 != " " } ?? rest.startIndex
            let end = rest.index(rest.startIndex, offsetBy: room, limitedBy: rest.endIndex) ?? rest.endIndex
            let early = start < end ? rest[start..<end].lastIndex(of: " ") : nil
            guard let space = early ?? rest[max(start, end)...].firstIndex(of: " ") else { break }
            lines.append(String(rest[..<space]))
            rest = rest[rest.index(after: space)...].drop { $0 == " " }
        }
        lines.append(String(rest))
        return lines.joined(separator: "\n" + String(repeating: " ", count: max(0, indent)))
    }

    /// Turns tables that are wider than the terminal into lines of a field each, and wraps long fields.
    func fitted(_ text: String) -> String {
        guard let width else { return text }
        var lines: [String] = []
        var table: [Substring] = []
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("+-") || (line.hasPrefix("|") && !table.isEmpty) {
                table.append(line)
                continue
            }
            lines += fitted(table: table, width)
            table = []
            lines.append(String(line))
        }
        return (lines + fitted(table: table, width)).joined(separator: "\n")
    }

    /// - Parameter table: A border, the titles, a border, the rows, a border.
    private func fitted(table: [Substring], _ width: Int) -> [String] {
        guard let border = table.first, border.count > width, table.count > 3, table[2] == border else {
            return table.map(String.init)
        }
        let edges = border.enumerated().filter { $0.element == "+" }.map(\.offset)
        func cells(_ line: Substring) -> [String] {
            let characters = Array(line)
            return zip(edges, edges.dropFirst()).map { left, right in
                guard right <= characters.count else { return "" }
                return String(characters[(left + 1)..<right]).trimmingCharacters(in: .whitespaces)
            }
        }
        let titles = cells(table[1])
        let longest = titles.map(\.count).max() ?? 0
        let rows = table.dropFirst(3).filter { $0.hasPrefix("|") }
        return rows.enumerated().flatMap { number, row in
            let fields = zip(titles, cells(row)).map { title, value in
                let name = title + String(repeating: " ", count: longest - title.count)
                return wrapped("\(name)  \(value)", indent: longest + 2)
            }
            return (number == 0 ? [] : [""]) + fields
        }
    }
}

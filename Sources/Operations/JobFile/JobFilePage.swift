/// The reference of the job file as Markdown: key, form and default are those that files are checked by.
public struct JobFilePage {
    private let keys: [JobFileKey]
    private let texts: [String: (text: String, standard: String?)]

    public init() {
        keys = JobFile.keys()
        texts = Self.texts
    }

    /// Keys without a text, and texts without a key; both must be empty.
    public var mismatches: [String] {
        let paths = Set(keys.map(\.path))
        return keys.map(\.path).filter { texts[$0] == nil } + texts.keys.filter { !paths.contains($0) }.sorted()
    }

    /// The whole page.
    public var markdown: String {
        let sections = keys.filter { !$0.path.contains(".") }
        return Self.introduction + "\n" + sections.map(section).joined(separator: "\n")
    }

    private func section(_ top: JobFileKey) -> String {
        let inner = keys.filter { $0.path.hasPrefix(top.path + ".") }
        let text = texts[top.path]?.text ?? ""
        let heading = "## \(top.path)\n\n\(text)\(top.isRequired ? " Required." : "")\n"
        guard !inner.isEmpty else { return "\(heading)\nExpected: \(top.expected).\n" }
        return heading + "\n| key | expected | default | what it does |\n|---|---|---|---|\n"
            + inner.map { row($0, below: top.path) }.joined()
    }

    private func row(_ key: JobFileKey, below top: String) -> String {
        let text = texts[key.path]
        let value = key.isRequired ? "required" : key.defaultValue.map { "`\($0)`" }
        let standard = text?.standard ?? value ?? "–"
        return "| `\(key.path.dropFirst(top.count + 1))` | \(key.expected) | \(standard) | \(text?.text ?? "") |\n"
    }

    private static let introduction = """
        # Job file

        Every key of the job file, with its allowed values and its default.

        `rocket config keys` prints this page; it comes from the same definitions that files are checked by. One YAML file
        describes a job; `jobs/quickstart.yaml` is a commented example, and `rocket init` drafts one for your own tables.
        `source` may name any tables or views with any columns.

        ```sh
        rocket config check views.yaml               # every mistake at once, with its line
        rocket config check views.yaml --database    # its tables, columns and types too
        ```

        [Training](Training.md) explains epochs, warm starts and the yardstick, [Feature ids](FeatureIds.md) how values
        become ids, [Labels and rows](LabelsAndRows.md) which click labels which impression.

        """

    /// The text of each path, and its default where that is not a value.
    private static let texts: [String: (text: String, standard: String?)] = {
        var texts: [String: (text: String, standard: String?)] = [:]
        for line in table.split(separator: "\n") {
            let cells = line.split(separator: "|", omittingEmptySubsequences: false)
                .map { String($0).trimmingSpaces }
            guard cells.count == 3 else { continue }
            texts[cells[0]] = (cells[2], cells[1].isEmpty ? nil : cells[1])
        }
        return texts
    }()
}

extension String {
    fileprivate var trimmingSpaces: String {
        let first = drop { $0 == " " }
        return String(first.reversed().drop { $0 == " " }.reversed())
    }
}

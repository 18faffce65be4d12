import Yams

/// Job file text → the root mapping of its one YAML document.
enum YAMLText {
    /// The root mapping; nil, with the reason noted in `problems`, when the text has none.
    static func rootMapping(of text: String, problems: ProblemList) -> Node.Mapping? {
        do {
            // Editors of other systems write a byte order mark, on which the parser would stop.
            let text = text.first == "\u{FEFF}" ? String(text.dropFirst()) : text
            if let (line, message) = NestingLimit.problem(in: text) ?? AliasLimit.problem(in: text) {
                problems.add(line: line, message)
                return nil
            }
            guard let root = try compose(text), root.scalar?.isNull != true else {
                problems.add(line: 1, "the file is empty; expected the keys model, source, features and nets")
                return nil
            }
            guard let mapping = root.mapping else {
                problems.add(
                    line: root.mark?.line ?? 1,
                    "the file is \(root.kind); expected a mapping with the keys model, source, features and nets")
                return nil
            }
            return mapping
        } catch {
            let (line, message) = explain(error, in: text)
            problems.add(line: line, message)
            return nil
        }
    }

    /// A name as psql prints it, `table: "Ads"."AdEvents"`, is no YAML; where nothing else is wrong with the text, it
    /// is read as the name that it is.
    private static func compose(_ text: String) throws -> Node? {
        do {
            return try DuplicateKeys.compose(text)
        } catch {
            let quoted = withNamesInQuotes(text)
            guard quoted != text, let root = try? DuplicateKeys.compose(quoted) else { throw error }
            return root
        }
    }

    /// The text with names as psql prints them in single quotes, which makes them YAML.
    static func withNamesInQuotes(_ text: String) -> String {
        let name = /(?<before>[:\[,][ \t]*)(?<name>"(?:[^"\n]|"")+"(?:\."(?:[^"\n]|"")+")+)(?=[ \t]*(?:[,}\]#\n]|$))/
        return text.replacing(name) { match in
            "\(match.before)'\(match.name.replacing("'", with: "''"))'"
        }
    }

    private static func explain(_ error: any Error, in text: String) -> (line: Int, message: String) {
        guard let error = error as? YamlError else { return (1, "not readable as YAML: \(error)") }
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _):
            return (mark.line, syntax(problem, context, at: mark, hint: tabHint(line: mark.line, of: text)))
        case .composer(_, let problem, let mark, _) where problem.contains("another document"):
            return (
                mark.line, "a second YAML document starts here; expected one document, so remove the line of dashes"
            )
        case .composer(let context, let problem, let mark, _):
            return (mark.line, syntax(problem, context, at: mark, hint: ""))
        case .reader(let problem, let offset, _, _):
            let before = text.prefix(offset ?? 0)
            return (1 + before.count(where: \.isNewline), "not YAML: \(problem); remove the character")
        case .duplicatedKeysInMapping(let names, let context):
            let keys = names.joined(separator: ", ")
            return (context.mark.line, "the key \(keys) is given more than once in one mapping; keep one of them")
        default:
            return (1, "not readable as YAML: \(error)")
        }
    }

    private static func syntax(_ problem: String, _ context: YamlError.Context?, at mark: Mark, hint: String) -> String
    {
        let place =
            context.map {
                " (" + $0.text + ($0.mark.line == mark.line ? ")" : ", which began on line \($0.mark.line))")
            } ?? ""
        return "not YAML: \(problem)\(place); correct the spelling of this line or of the one before\(hint)"
    }

    private static func tabHint(line: Int, of text: String) -> String {
        let lines = text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline)
        guard lines.indices.contains(line - 1), lines[line - 1].prefix(while: \.isWhitespace).contains("\t") else {
            return ""
        }
        return "; indent with spaces, YAML allows no tabs"
    }
}

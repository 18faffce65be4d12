import ArgumentParser

/// What to type instead of `--version` after a command: the program's version is asked for without one, and a version
/// of a model has another name.
struct VersionHint {
    let text: String

    /// Nil if the arguments have no such option.
    init?(_ arguments: [String]) {
        let words = arguments.prefix { $0 != "--" }
        guard let place = words.firstIndex(where: { $0 == "--version" || $0.hasPrefix("--version=") }) else {
            return nil
        }
        let value =
            words[place].contains("=")
            ? String(words[place].drop { $0 != "=" }.dropFirst())
            : words.dropFirst(place + 1).first.flatMap { $0.hasPrefix("-") ? nil : $0 } ?? "NUMBER"
        var (command, names) = (Rocket.self as any ParsableCommand.Type, ["rocket"])
        for word in words where !word.hasPrefix("-") {
            let children = command.configuration.subcommands
            guard let child = children.first(where: { $0.configuration.commandName == word }) else { break }
            (command, names) = (child, names + [word])
        }
        let name = names.joined(separator: " ")
        // As the help says, so that no list of commands has to be kept.
        let help = Rocket.helpMessage(for: command)
        let advice =
            if help.contains("--model-version") {
                "did you mean --model-version \(value)?"
            } else if help.contains("Number of the version") {
                "the version's number needs no option: \(name) \(value)."
            } else {
                "it belongs to no command."
            }
        text = "\(name) has no option --version; \(advice) The program's own version: rocket --version"
    }
}

import ArgumentParser

/// The manual's page of all commands: the help of each, as a terminal of 80 columns shows it.
struct CommandsPage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "commands-page", abstract: "Print the manual's page of all commands.", shouldDisplay: false)

    func run() throws {
        printUnchanged(Self.introduction)
        printUnchanged(Self.helpBlock(Rocket.self))
        for group in Rocket.configuration.groupedSubcommands {
            printUnchanged("\n## \(group.name)")
            for command in group.subcommands { Self.section(command, below: "rocket") }
        }
    }

    private static func section(_ command: ParsableCommand.Type, below parent: String) {
        let name = [parent, command.configuration.commandName ?? ""].joined(separator: " ")
        printUnchanged("\n### \(name)\n\n\(helpBlock(command))")
        for child in command.configuration.subcommands { section(child, below: name) }
    }

    private static func helpBlock(_ command: ParsableCommand.Type) -> String {
        var help = HelpText.wrapped(Rocket.helpMessage(for: command, columns: 80))
        while help.hasSuffix("\n") { help.removeLast() }
        return "```text\n\(help)\n```"
    }

    private static let introduction = """
        # Commands

        Every command with its options, as `rocket help COMMAND` prints it.

        Results go to standard output, log lines and progress to standard error. The job file is `--job FILE` or
        `$ROCKET_JOB`; the database is `--database URL`, `$DATABASE_URL`, or libpq's own settings. After `jobs/quickstart`
        the program is `.build/release/rocket`. [Exit codes](ExitCodes.md) says what each exit code means,
        [JSON and CSV output](Output.md) what `--json` and `--csv` print.

        ## rocket

        """
}

import ArgumentParser
import Files
import JobFile
import Onboarding

struct ConfigCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "config", abstract: "Check a job file, or list the keys it may have.",
        subcommands: [Check.self, Keys.self])

    struct Keys: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "keys",
            abstract: "Print every key of the job file, as Markdown.",
            discussion: """
                Each key with what its value may be, its default and what it does, from the definitions that job files \
                are checked by.

                Example:
                  rocket config keys | less
                """)

        func run() { printUnchanged(JobFilePage().markdown, terminator: "") }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Check a job file and, on request, its columns against the database.",
            discussion: """
                Reports every problem with its line and with what would be right: unknown keys, wrong types, \
                impossible values. With --database also: missing tables and columns, columns of the wrong type. Exit \
                code 0 if all is well, 6 otherwise.

                Examples:
                  rocket config check views.yaml
                  rocket config check views.yaml --database
                  rocket config check views.yaml --database --url postgresql:///ads
                """)

        @Argument(help: "The job file.")
        var file: String

        @Flag(help: "Also compare it with the tables in the database.")
        var database = false

        @Option(help: "PostgreSQL connection string or URI for --database. Default: $DATABASE_URL, else libpq's own.")
        var url: String?

        func run() throws {
            let summary = try checkJobFile(file, againstDatabase: database, url: url)
            print("\(VisibleText.escaped(file)): \(VisibleText.escaped(summary))")
        }
    }
}

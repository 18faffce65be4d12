import ArgumentParser
import Foundation
import Jobs

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create or update the job's tables and views.",
        discussion: """
            Applies the numbered SQL files that were not applied before, each in one transaction, and remembers their \
            checksums; a file that was edited after it was applied is an error that names it. Safe to repeat.

            Example:
              DATABASE_URL=postgresql:///ads rocket migrate
            """)

    @Option(
        help: ArgumentHelp(
            "Folder of the migrations. Default: $ROCKET_MIGRATIONS, else migrations.", valueName: "folder"))
    var directory: String?

    @OptionGroup var database: DatabaseOptions

    func run() throws {
        let folder = directory ?? ProcessInfo.processInfo.environment["ROCKET_MIGRATIONS"] ?? "migrations"
        let applied = try migrate(directory: folder, database: database.database)
        for name in applied { print("applied \(name)") }
        if applied.isEmpty { print("nothing to apply: the database is up to date") }
    }
}

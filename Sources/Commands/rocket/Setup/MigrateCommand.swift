import ArgumentParser
import Foundation
import Onboarding

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create or update the job's tables and views.",
        discussion: """
            Applies the numbered SQL files that were not applied before, each in one transaction, and remembers their \
            checksums. A file that was edited after it was applied is an error that names it. Safe to repeat. While \
            another session holds the migrations' lock, it says who that is, waits (--wait), then exits with code 4.

            Example:
              DATABASE_URL=postgresql:///ads rocket migrate
            """)

    @Option(
        help: ArgumentHelp(
            "Folder of the migrations. Default: $ROCKET_MIGRATIONS, else migrations.", valueName: "folder"))
    var directory: String?

    @Option(
        help: ArgumentHelp("Seconds to wait for migrations that another session is applying.", valueName: "seconds"))
    var wait = 300

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        guard (0...86_400).contains(wait) else { throw ValidationError("--wait takes 0 to 86400 seconds") }
    }

    func run() throws {
        let folder = directory ?? ProcessInfo.processInfo.environment["ROCKET_MIGRATIONS"] ?? "migrations"
        let applied = try migrate(
            directory: folder, database: database.database, patience: .seconds(wait),
            waiting: { warn("another session holds the migrations' lock: \($0); waiting up to \(wait) s") })
        for name in applied { print("applied \(name)") }
        if applied.isEmpty { print("nothing to apply: the database is up to date") }
    }
}

import ArgumentParser
import Foundation
import Onboarding

struct MigrateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate",
        abstract: "Create or update the job's tables and views.",
        discussion: """
            Applies the numbered SQL files that were not applied before, each in one transaction, and remembers their \
            checksums. The files are part of the program; --directory reads others. A file that was edited after it was \
            applied is an error that names it. Safe to repeat. The server must be PostgreSQL 14 or newer.

            While another session holds the migrations' lock, it says who that is, waits five minutes (--wait), then \
            exits with code 4. A database that does not answer is an error with code 7; with --wait it is tried again \
            for that long, in case it was started together with the job.

            Example:
              DATABASE_URL=postgresql:///ads rocket migrate
            """)

    @Option(
        help: ArgumentHelp(
            "Folder of the migrations. Default: $ROCKET_MIGRATIONS, else the program's own.", valueName: "folder"))
    var directory: String?

    @Option(
        help: ArgumentHelp(
            "Seconds to wait for a database that does not answer yet (default: 0), and for migrations that another "
                + "session is applying (default: 300).", valueName: "seconds"))
    var wait: Int?

    @OptionGroup var database: DatabaseOptions

    func validate() throws {
        guard (0...86_400).contains(wait ?? 0) else { throw ValidationError("--wait takes 0 to 86400 seconds") }
    }

    func run() throws {
        let applied = try migrate(
            directory: directory ?? ProcessInfo.processInfo.environment["ROCKET_MIGRATIONS"],
            database: database.database,
            patience: MigratePatience(database: .seconds(wait ?? 0), lock: .seconds(wait ?? 300)), waiting: { warn($0) }
        )
        for name in applied { print("applied \(name)") }
        if applied.isEmpty { print("nothing to apply: the database is up to date") }
    }
}

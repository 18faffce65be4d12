import ArgumentParser
import Days
import Foundation
import Runs

/// Which database.
struct DatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "PostgreSQL connection string or URI. Default: $DATABASE_URL, else libpq's own settings (PGHOST, PGUSER, …).",
            valueName: "url"))
    var database: String?

    func validate() { warnOfPassword(in: database, option: "--database", variable: "DATABASE_URL") }
}

/// Which database has the logs.
struct SourceDatabaseOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Where the logs are, for example a replica. Default: $SOURCE_DATABASE_URL, else the same database.",
            valueName: "url"))
    var sourceDatabase: String?

    func validate() {
        warnOfPassword(in: sourceDatabase, option: "--source-database", variable: "SOURCE_DATABASE_URL")
    }
}

/// Command lines are no secret on the machine.
private func warnOfPassword(in url: String?, option: String, variable: String) {
    guard let url, holdsPassword(connectionString: url) else { return }
    warn(
        "everybody on this machine can read the password after \(option) in the list of processes; put it into a file "
            + "that PGPASSFILE names, or the whole URL into \(variable)")
}

extension Day: ExpressibleByArgument {
    public init?(argument: String) {
        self.init(argument)
    }
}

/// The UTC day that it is now.
func today() -> Day {
    Day(utc: Date().timeIntervalSince1970)
}

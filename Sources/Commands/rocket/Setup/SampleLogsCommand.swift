import ArgumentParser
import Days
import LogLoading
import Runs

struct SampleLogsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample-logs",
        abstract: "Generate logs whose true click probabilities are known.",
        discussion: """
            Zipf-distributed users and ads, effects of hour and weekday, interactions of users and ads, late and \
            duplicate clicks. The true probability of each impression is stored, so reports can show the best AUC that \
            is possible. Days that exist already with the same settings are left alone.

            Example:
              rocket sample-logs --days 5 --impressions 1000000 --first-day 2026-01-05
              rocket sample-logs --days 14 --ad-drift 0.2 --into drifting
            """)

    @OptionGroup var database: DatabaseOptions

    @Option(help: "Number of days.")
    var days = 5

    @Option(help: "Number of impressions, spread evenly over the days.")
    var impressions = 1_000_000

    @Option(help: ArgumentHelp("The first day. Default: the last day is yesterday (UTC).", valueName: "YYYY-MM-DD"))
    var firstDay: Day?

    @Option(help: "Equal seeds give equal logs.")
    var seed: UInt64 = 1

    @Option(help: "Number of users.")
    var users = 50_000

    @Option(help: "Number of ads.")
    var ads = 2_000

    @Option(help: "Mean click probability.")
    var clickRate = 0.05

    @Option(
        help: ArgumentHelp(
            "Standard deviation of the step that each ad's log odds take at random from day to day; the true "
                + "probabilities take it too.", valueName: "log-odds"))
    var adDrift: Double?

    @Option(help: "Share of clicks after the attribution window of 30 minutes.")
    var lateShare = 0.02

    @Option(help: "Share of clicks logged twice.")
    var duplicateShare = 0.03

    @Option(help: ArgumentHelp("Into ad_log.NAME_impressions and ad_log.NAME_clicks.", valueName: "name"))
    var into: String?

    @Flag(name: .shortAndLong, help: "Print only warnings and results, no progress.")
    var quiet = false

    @OptionGroup var logging: LogOptions

    func validate() throws {
        guard days >= 1 else { throw ValidationError("--days is \(days), expected 1 or more") }
        guard impressions >= days else {
            throw ValidationError("--impressions is \(impressions), expected at least one for each of --days \(days)")
        }
    }

    func run() throws {
        let log = logging.logger(quiet: quiet)
        let display = ProgressDisplay(log: log, quiet: quiet, format: logging.format)
        var specification = SampleLogSpecification(
            impressionsPerDay: impressions / days, firstDay: firstDay ?? today().advanced(by: -days), days: days,
            users: users, ads: ads, seed: seed,
            clicks: .init(baseRate: clickRate, lateShare: lateShare, duplicateShare: duplicateShare))
        specification.adDrift = adDrift == 0 ? nil : adDrift
        specification.daysWithOneMore = impressions % days == 0 ? nil : impressions % days
        let generated = try generateSampleLogs(
            specification, into: into, database: database.database, log: log
        ) { display.show($0) }
        for day in generated {
            print(
                """
                \(day.day)  \(day.impressions.grouped) impressions  \(day.clicked.grouped) clicked  \
                best AUC \(number(day.oracleAUC))  \(day.isNew ? "written" : "was there")
                """)
        }
        if !generated.contains(where: \.isNew) { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }
}

import ArgumentParser
import Jobs

struct ExtractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Turn a day of logs into cache files.",
        discussion: """
            Joins the day's clicks to its impressions, hashes the features and writes LZ4 cache files. A day that is \
            cached and undamaged is left alone (exit code 3). The nightly job does this by itself.

            Takes no lock of the job: start it on as many machines as share the cache's folder and they share the work. \
            All files of a day show one moment of the database, and they become valid together.

            Examples:
              rocket extract --job jobs/quickstart.yaml --day 2026-11-21
              rocket extract --job jobs/quickstart.yaml --day 2026-11-15 --to 2026-11-21
              rocket extract --job jobs/quickstart.yaml --day 2026-11-21 --rebuild
            """)

    @OptionGroup var options: RunOptions

    @Option(help: ArgumentHelp("The day, in the job's time zone.", valueName: "YYYY-MM-DD"))
    var day: Day

    @Option(help: ArgumentHelp("Last day of a range that starts at --day.", valueName: "YYYY-MM-DD"))
    var to: Day?

    @Flag(help: "Build again what is there already.")
    var rebuild = false

    @Flag(help: "Print the days as JSON, one array.")
    var json = false

    func validate() throws {
        if let to, to < day { throw ValidationError("--to \(to) is before --day \(day)") }
    }

    func run() throws {
        try options.run("extract") { try show($0.extract(days: day...(to ?? day), rebuild: rebuild)) }
    }

    private func show(_ summaries: [ExtractSummary]) throws {
        if json {
            try printJSON(summaries.map(DayLine.init))
        } else {
            for summary in summaries {
                let day = summary.day
                print(
                    """
                    \(day.day)  \(day.rows.grouped) impressions  \(day.clicks.grouped) clicked  \(day.bytes.grouped) bytes  \
                    \(summary.built ? "built" : "was there")  \(day.entries.count) files
                    """)
            }
        }
        if !summaries.contains(where: \.built) { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }
}

/// A day as scripts read it.
private struct DayLine: Encodable {
    let day: Day
    let impressions: Int
    let clicks: Int
    let bytes: Int
    let rejected: Int
    let missedShare: Double?
    let built: Bool
    let files: [String]

    init(_ summary: ExtractSummary) {
        day = summary.day.day
        impressions = summary.day.rows
        clicks = summary.day.clicks
        bytes = summary.day.bytes
        rejected = summary.day.rejectedRows
        missedShare = summary.day.missedShare
        built = summary.built
        files = summary.day.entries.map(\.path)
    }

    enum CodingKeys: String, CodingKey {
        case day, impressions, clicks, bytes, rejected, built, files
        case missedShare = "missed_share"
    }
}

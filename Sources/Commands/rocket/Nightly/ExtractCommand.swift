import ArgumentParser
import CacheUpkeep
import Days
import Runs
import TextTable

struct ExtractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Extract days of logs into cache files.",
        discussion: """
            Joins the day's clicks to its impressions, hashes the features and writes LZ4 cache files. A day that is \
            cached and undamaged is left alone (exit code 3). The nightly job does this too.

            It does not take the job's lock: several extractions on machines that share the cache's folder share the \
            work. All files of a day are read from one snapshot of the database, and they become valid together.

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

    @Flag(help: "Rebuild days that are cached already.")
    var rebuild = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let to, to < day { throw ValidationError("--to \(to) is before --day \(day)") }
    }

    func run() throws {
        try options.run("extract") { try show(CacheBuild($0).run(days: day...(to ?? day), rebuild: rebuild)) }
    }

    private func show(_ summaries: [ExtractSummary]) throws {
        let days = summaries.map(DayLine.init)
        switch output.form {
        case .json: try printJSON(days)
        case .csv: printCSV(days, DayLine.columns)
        case .text: print(dayTable(days))
        }
        if !summaries.contains(where: \.built) { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }
}

private func dayTable(_ days: [DayLine]) -> String {
    TextTable<DayLine> { day in
        [
            Column(title: "day", value: day.day.description),
            Column(title: "impressions", value: day.impressions.grouped, align: .right),
            Column(title: "clicked", value: day.clicks.grouped, align: .right),
            Column(title: "rejected", value: day.rejected.grouped, align: .right),
            Column(title: "clicks missed", value: percent(day.missedShare), align: .right),
            Column(title: "files", value: day.files.count, align: .right),
            Column(title: "bytes", value: day.bytes.grouped, align: .right),
            Column(title: "", value: day.built ? "built" : "was there"),
        ]
    }.string(for: days, style: Style.psql) ?? ""
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

    static var columns: [CSVColumn<DayLine>] {
        [
            .init("day") { $0.day }, .init("impressions") { $0.impressions }, .init("clicks") { $0.clicks },
            .init("bytes") { $0.bytes }, .init("rejected") { $0.rejected },
            .init("missed_share") { $0.missedShare }, .init("built") { $0.built },
            .init("files") { $0.files.joined(separator: " ") },
        ]
    }

    enum CodingKeys: String, CodingKey {
        case day, impressions, clicks, bytes, rejected, built, files
        case missedShare = "missed_share"
    }
}

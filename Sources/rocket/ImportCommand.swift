import ArgumentParser
import Jobs

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Load public log formats or a csv file into the log tables.",
        discussion: """
            Plain or gzipped files. Each file is one transaction; a file that was imported before is left alone. Rows \
            that do not parse go to rocket.quarantine_rows with file, line and reason.

            Examples:
              rocket import open-bandit data/open_bandit/*-*.csv.gz
              rocket import csv ads.csv --time DateTime --user user_id --label is_click --into amexpert
              rocket import csv clicks.csv --id id --time shown_at --click-time clicked_at --numbers price,age
              rocket import avazu train.csv.gz --into avazu
              rocket import criteo train.tsv.gz --into criteo --days 7 --first-day 2026-01-05
              rocket import libfm train.libfm --fields user:0-942,item:943-2624 --days 5 --first-day 2026-01-05
            """)

    @Argument(help: "open-bandit, criteo, avazu, libfm or csv.")
    var format: ImportRequest.Format

    @Argument(help: "The files.")
    var files: [String]

    @OptionGroup var database: DatabaseOptions

    @Option(
        help: ArgumentHelp(
            "Into ad_log.NAME_impressions and ad_log.NAME_clicks. Default: ad_log.impressions and ad_log.clicks.",
            valueName: "name"))
    var into: String?

    @Option(help: "Rows without time (criteo, libfm, csv without --time) are spread over so many days in file order.")
    var days = 1

    @Option(help: ArgumentHelp("First of these days. Default: so that the last is yesterday.", valueName: "YYYY-MM-DD"))
    var firstDay: Day?

    @Option(help: "open-bandit: item file of a campaign; default: items-CAMPAIGN.csv beside the data. May be repeated.")
    var items: [String] = []

    @Option(help: "libfm: fields with their index ranges, user:0-942,item:943-2624, or names by position.")
    var fields: String?

    @Option(help: "csv: column with the impression's id. Default: file name and line.")
    var id: String?

    @Option(help: "csv: column with the time. Default: none, rows are spread over --days.")
    var time: String?

    @Option(help: "csv: column with the user.")
    var user: String?

    @Option(help: "csv: column that says whether there was a click (0/1, true/false).")
    var label: String?

    @Option(help: "csv: the label is a number, and at least this is a click.")
    var labelAtLeast: Double?

    @Option(help: "csv: column with the click's time, empty where there was none.")
    var clickTime: String?

    @Option(help: "csv: columns of numbers, by commas; the others become text.")
    var numbers = ""

    @Option(help: "csv: columns whose text is a list, by commas; they become text arrays.")
    var lists = ""

    @Option(help: "csv: what separates the items of a list.")
    var listSeparator = " "

    @Option(help: "csv: columns to leave out, by commas.")
    var drop = ""

    @Option(help: "csv: what separates columns; tab for a tabulator.")
    var delimiter = ","

    @Flag(name: .shortAndLong, help: "Only warnings and results, no progress.")
    var quiet = false

    @OptionGroup var logging: LogOptions

    func validate() throws {
        guard days >= 1 else { throw ValidationError("--days is \(days), expected 1 or more") }
        guard listSeparator.count == 1 else { throw ValidationError("--list-separator is one character") }
        guard delimiter == "tab" || delimiter.utf8.count == 1 else {
            throw ValidationError("--delimiter is one ASCII character, or tab")
        }
        if let into, !into.allSatisfy({ $0.isASCII && ($0.isLowercase || $0.isNumber || $0 == "_") }) || into.isEmpty {
            throw ValidationError("--into is ‘\(into)’, expected lower-case letters, digits and _")
        }
    }

    func run() throws {
        let log = logging.logger(quiet: quiet)
        let display = ProgressDisplay(log: log, quiet: quiet, format: logging.format)
        func set(_ list: String) -> Set<String> { Set(list.split(separator: ",").map(String.init)) }
        // A glob over the data set's folder brings its item files along.
        let named =
            format == .openBandit
            ? files.filter { ($0.split(separator: "/").last ?? "").hasPrefix("items-") } : []
        let request = ImportRequest(
            format: format, files: files.filter { !named.contains($0) }, prefix: into,
            firstDay: firstDay ?? today().advanced(by: -days), days: days, items: items + named, fields: fields,
            mapping: CSVMapping(
                id: id, time: time, user: user, label: label, labelAtLeast: labelAtLeast, clickTime: clickTime,
                numbers: set(numbers), lists: set(lists), listSeparator: listSeparator.first ?? " ", drop: set(drop)),
            delimiter: delimiter == "tab" ? UInt8(ascii: "\t") : delimiter.utf8.first ?? UInt8(ascii: ","))
        let summaries = try importLogs(request, database: database.database, log: log) { display.show($0) }
        for summary in summaries { print(line(summary)) }
        print(
            """
            \(summaries.count) files: \(sum(summaries, \.impressions)) impressions, \(sum(summaries, \.clicks)) clicks, \
            \(sum(summaries, \.quarantined)) rows in quarantine; \
            \(summaries.filter { !$0.isNew }.count) files were imported before
            """)
        if !summaries.contains(where: \.isNew) { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }

    /// Over the files imported now.
    private func sum(_ summaries: [ImportSummary], _ value: KeyPath<ImportSummary, Int>) -> String {
        summaries.filter(\.isNew).reduce(0) { $0 + $1[keyPath: value] }.grouped
    }

    private func line(_ summary: ImportSummary) -> String {
        guard summary.isNew else {
            return "\(summary.file): imported before (\(summary.impressions.grouped) impressions)"
        }
        let days = summary.days.map { "\($0.lowerBound) … \($0.upperBound)" } ?? "no days"
        var text =
            "\(summary.file): \(summary.impressions.grouped) impressions, \(summary.clicks.grouped) clicks, \(days)"
        for (reason, count) in summary.reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            text += "\n  \(count.grouped) in quarantine: \(reason)"
        }
        return text
    }
}

extension ImportRequest.Format: ExpressibleByArgument {}

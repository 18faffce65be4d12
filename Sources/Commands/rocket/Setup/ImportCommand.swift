import ArgumentParser
import Days
import Files
import LogLoading
import Runs

struct ImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Load public log formats or CSV files into log tables.",
        discussion: """
            Reads plain and gzipped files, one transaction per file; a file that was imported before is left alone. \
            A pipe or standard input is refused, because a file is read several times. \
            Rows that do not parse go to rocket.quarantine_rows with file, line and reason. If no row of a file can be \
            used, or more than --rejected-share of its rows cannot, the file is refused with exit code 5: nothing of \
            it is kept except the quarantined rows, and it can be imported again with other options.

            Examples:
              rocket import open-bandit data/open_bandit/*-*.csv.gz
              rocket import csv ads.csv --time shown_at --label is_click --into ads
              rocket import csv clicks.csv --id id --time shown_at --click-time clicked_at
              rocket import avazu train.csv.gz --into avazu
              rocket import criteo train.tsv.gz --days 7 --first-day 2026-01-05
              rocket import libfm a.libfm --fields user:0-942,item:943-2624 --days 5
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

    @Option(help: "Days over which rows without a time (criteo, libfm, csv without --time) are spread, in file order.")
    var days = 1

    @Option(
        help: ArgumentHelp("The first of these days. Default: the last one is yesterday.", valueName: "YYYY-MM-DD"))
    var firstDay: Day?

    @Option(
        help: "open-bandit: item file of a campaign; default: items-CAMPAIGN.csv next to the data. May be repeated.")
    var items: [String] = []

    @Option(help: "libfm: fields with their index ranges, user:0-942,item:943-2624, or names by position.")
    var fields: String?

    @Option(help: "If a larger share of a file's rows cannot be used, nothing of it is imported.")
    var rejectedShare = ImportRequest.defaultRejectedShare

    @Option(
        help: "csv: column with the impression's id. Default: made from the file's name, its contents and the line.")
    var id: String?

    @Option(help: "csv: column with the time. Default: none; rows are spread over --days.")
    var time: String?

    @Option(help: "csv: column with the user.")
    var user: String?

    @Option(help: "csv: column that says whether there was a click (0/1, true/false).")
    var label: String?

    @Option(help: "csv: the label is a number; this or more is a click.")
    var labelAtLeast: Double?

    @Option(help: "csv: column with the click's time, empty if there was none.")
    var clickTime: String?

    @Option(help: "csv: columns of numbers, separated by commas; the others become text.")
    var numbers = ""

    @Option(help: "csv: columns whose text is a list, separated by commas; they become text arrays.")
    var lists = ""

    @Option(help: "csv: what separates the items of a list.")
    var listSeparator = " "

    @Option(help: "csv: columns to leave out, separated by commas.")
    var drop = ""

    @Option(help: "csv: what separates columns; tab for a tab character.")
    var delimiter = ","

    @Flag(name: .shortAndLong, help: "Print only warnings and results, no progress.")
    var quiet = false

    @OptionGroup var logging: LogOptions

    func validate() throws {
        guard days >= 1 else { throw ValidationError("--days is \(days), expected 1 or more") }
        guard listSeparator.count == 1 else { throw ValidationError("--list-separator is one character") }
        guard delimiter == "tab" || delimiter.utf8.count == 1 else {
            throw ValidationError("--delimiter is one ASCII character, or tab")
        }
        guard (0...1).contains(rejectedShare) else {
            throw ValidationError("--rejected-share is \(rejectedShare), expected 0 to 1")
        }
        if let labelAtLeast, !labelAtLeast.isFinite {
            throw ValidationError("--label-at-least is \(labelAtLeast), expected a number")
        }
        if let into, into.utf8.count > LogTables.longestPrefix {
            throw ValidationError(
                "--into has \(into.utf8.count) bytes, expected \(LogTables.longestPrefix) at most: PostgreSQL's names have "
                    + "\(LogTables.longestName), and the partitions' are longer")
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
            delimiter: delimiter == "tab" ? UInt8(ascii: "\t") : delimiter.utf8.first ?? UInt8(ascii: ","),
            rejectedShare: rejectedShare)
        let summaries = try importLogs(request, database: database.database, log: log) { display.show($0) }
        for summary in summaries { print(line(summary)) }
        print(
            """
            \(summaries.count) files: \(sum(summaries, \.impressions)) impressions, \(sum(summaries, \.clicks)) clicks, \
            \(sum(summaries, \.quarantined)) rows in quarantine; \
            \(summaries.filter { $0.outcome == .known }.count) files were imported before\
            \(summaries.contains(where: \.isRefused) ? ", \(summaries.filter(\.isRefused).count) refused" : "")
            """)
        if summaries.contains(where: \.isRefused) { throw ExitCode(ExitStatus.dataCheckFailed.rawValue) }
        if !summaries.contains(where: \.isNew) { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }

    /// Over the files imported now.
    private func sum(_ summaries: [ImportSummary], _ value: KeyPath<ImportSummary, Int>) -> String {
        summaries.filter(\.isNew).reduce(0) { $0 + $1[keyPath: value] }.grouped
    }

    private func line(_ summary: ImportSummary) -> String {
        if summary.isRefused {
            let rows = summary.impressions + summary.quarantined
            let what =
                rows == 0
                ? "it has no rows"
                : "\(summary.quarantined.grouped) of \(rows.grouped) rows cannot be taken; --rejected-share allows \(rejectedShare)"
            return "\(VisibleText.escaped(summary.file)): refused, nothing imported: \(what)" + reasons(summary)
        }
        guard summary.isNew else {
            return "\(VisibleText.escaped(summary.file)): imported before (\(summary.impressions.grouped) impressions)"
        }
        let days = summary.days.map { "\($0.lowerBound) … \($0.upperBound)" } ?? "no days"
        return
            "\(VisibleText.escaped(summary.file)): \(summary.impressions.grouped) impressions, \(summary.clicks.grouped) clicks, \(days)"
            + reasons(summary)
    }

    private func reasons(_ summary: ImportSummary) -> String {
        var text = ""
        for (reason, count) in summary.reasons.sorted(by: { ($1.value, $0.key) < ($0.value, $1.key) }) {
            text += "\n  \(count.grouped) in quarantine: \(VisibleText.escaped(reason))"
        }
        return text
    }
}

extension ImportSummary {
    fileprivate var isRefused: Bool { if case .refused = outcome { true } else { false } }
}

extension ImportRequest.Format: ExpressibleByArgument {}

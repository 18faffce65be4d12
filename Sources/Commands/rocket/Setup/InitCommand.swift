import ArgumentParser
import Files
import Foundation
import Onboarding

struct InitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Write a first job file for your own log tables.",
        discussion: """
            Reads the two tables and finds out which columns are an impression's id and time, which column of the \
            clicks names the impression, which columns can be features and of what kind, and how long people wait \
            before they click. Writes a job file with comments that say what was seen and why a column was left out, \
            and checks it against the tables. It only reads; a role that may SELECT from the two tables is enough.

            If one table holds both events, name it once: rocket finds the column that tells impressions from clicks. \
            Names may be written as psql prints them.

            If there are two possibilities it takes one and says so; the options below name the columns instead. \
            Exit codes: 0 written, 6 the tables do not fit or the file exists, 7 database.

            Examples:
              rocket init --impressions shop.ad_views --clicks shop.ad_taps
              rocket init --impressions '"Ads"."AdEvents"' --output events.yaml
              rocket init --impressions shop.ad_views --clicks shop.ad_taps \\
                --impression-time seen_at --force
            """)

    @Option(help: ArgumentHelp("Table or view with a row per ad shown.", valueName: "schema.table"))
    var impressions: String

    @Option(
        help: ArgumentHelp(
            "Table or view with a row per click. Default: the same table, which then holds both events.",
            valueName: "schema.table"))
    var clicks: String?

    @Option(help: ArgumentHelp("Name of the model. Default: the name of the impressions' table.", valueName: "name"))
    var model: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            "File to write; - for standard output. Default: jobs/MODEL.yaml, or MODEL.yaml.", valueName: "file"))
    var output: String?

    @Flag(help: "Replace an existing file.")
    var force = false

    @Option(
        help: ArgumentHelp(
            "Only rows with this value are impressions; several values separated by commas.", valueName: "column=value")
    )
    var impressionsWhere: [String] = []

    @Option(
        help: ArgumentHelp(
            "Only rows with this value are clicks; several values separated by commas.", valueName: "column=value"))
    var clicksWhere: [String] = []

    @Option(
        help: ArgumentHelp(
            "The impressions' column that clicks refer to; several separated by commas.", valueName: "column"))
    var impressionID: String?

    @Option(help: ArgumentHelp("The impressions' column with their time.", valueName: "column"))
    var impressionTime: String?

    @Option(
        help: ArgumentHelp(
            "The clicks' column that names the impression; several separated by commas.", valueName: "column"))
    var clickImpression: String?

    @Option(help: ArgumentHelp("The clicks' column with their time.", valueName: "column"))
    var clickTime: String?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var source: SourceDatabaseOptions

    @Flag(name: .shortAndLong, help: "Print only warnings and results, no progress.")
    var quiet = false

    @OptionGroup var logging: LogOptions

    func validate() throws {
        if let model, model.isEmpty || model.contains(where: { !"abcdefghijklmnopqrstuvwxyz0123456789_-".contains($0) })
        {
            throw ValidationError("--model is ‘\(model)’, expected the characters a-z, 0-9, _ and -")
        }
    }

    func run() throws {
        var request = DraftRequest(
            impressions: impressions, clicks: clicks ?? impressions, existing: force ? .replaced : .kept)
        request.model = model
        request.output = output == "-" ? "/dev/stdout" : output
        request.impressionsWhere = impressionsWhere
        request.clicksWhere = clicksWhere
        request.impressionID = impressionID
        request.impressionTime = impressionTime
        request.clickImpression = clickImpression
        request.clickTime = clickTime
        let display = ProgressDisplay(log: logging.logger(quiet: quiet), quiet: quiet, format: logging.format)
        defer { display.clear() }
        let drafted = try draftJob(
            request, database: database.database, sourceDatabase: source.sourceDatabase,
            notice: { display.show(step: $0) }, rows: { display.show($0) })
        display.clear()
        let closing = closing(drafted)
        // Where the draft itself went to a stream, that has nothing else in it.
        if drafted.isStreamed { complain(closing + "\n") } else { print(closing) }
    }

    /// What is to be looked at, and what comes next.
    private func closing(_ drafted: DraftedJob) -> String {
        let path = drafted.isStreamed ? "\(drafted.model).yaml" : drafted.path
        let moment = drafted.asOf.map { " --as-of \($0)   # the logs have no newer whole day" } ?? ""
        let wrote = VisibleText.escaped(drafted.path)
        let steps = """
            \(wrote): \(VisibleText.escaped(drafted.summary))

            \(drafted.isStreamed ? "Save it as \(path), read it, then:" : "Read the file, then:")
              rocket migrate                                 # once: the job's own tables
              rocket doctor --job \(ShellWord.quoted(path))
              rocket nightly --job \(ShellWord.quoted(path))\(moment)
              rocket report --html \(drafted.model).html
            """
        let remarks = drafted.remarks.map { "  look at: \(VisibleText.escaped($0))" }
        return (["wrote \(wrote)"] + remarks + [steps]).joined(separator: "\n")
    }
}

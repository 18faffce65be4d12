import ArgumentParser
import Files
import Reports
import Runs

struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show how good and how fast a version is.",
        discussion: """
            Prints the quality of light net and booster on the day that neither has seen, what each reaches alone, how \
            much of the gap was closed, latency, and the artifact. Without --model-version it shows the newest \
            version; after a rollback, the live one.

            --html writes all of it as one page for a browser, which needs no network and can be mailed or printed: \
            the version with intervals, ROC curve, reliability, loss curves, latency, drift and lineage, the model's \
            nights with promotions and held versions, and the arms of the newest experiment.

            Without --model or --job it shows the model of the newest report.

            Examples:
              rocket report
              rocket report --model quickstart --all
              rocket report --all --csv > reports.csv
              rocket report --model-version 12 --json
              rocket report --model quickstart --nets --csv
              rocket report --model quickstart --html quickstart.html
            """)

    @OptionGroup var database: DatabaseOptions

    @OptionGroup var model: ModelOptions

    @Option(help: ArgumentHelp("Show only this version.", valueName: "number"))
    var modelVersion: Int?

    @Flag(help: "Print all reports as a table (with --json: an array), newest first.")
    var all = false

    @Flag(help: "Print a version's light nets, booster and logistic regression: quality with size and latency.")
    var nets = false

    @OptionGroup var output: OutputOptions

    @Option(help: ArgumentHelp("Write a page for a browser to this file instead of printing.", valueName: "file"))
    var html: String?

    func validate() throws {
        guard !nets || (html == nil && !all) else {
            throw ValidationError("--nets prints the nets of one version; it does not go with --all or --html")
        }
        guard html == nil || (!all && output.form == .text) else {
            throw ValidationError("--html writes the page of one version; it does not go with --all, --json or --csv")
        }
    }

    func run() throws {
        let reader = try ReportReader(database: database.database)
        let model = try model.name()
        let reports =
            all || modelVersion != nil
            ? try reader.reports(model: model, version: modelVersion, limit: all ? 1_000 : 1)
            : [try reader.current(model: model)].compactMap(\.self)
        guard let newest = reports.first else { throw JobError.noVersion(model: model) }
        if let html {
            return try write(ReportPage(newest, from: reader).html, to: html, newest)
        }
        if nets { return try printNets(newest) }
        switch (output.form, all) {
        case (.json, true): try printJSON(reports)
        case (.json, false): try printJSON(newest)
        case (.csv, _): printCSV(reports, CSVColumn<ModelReport>.reports)
        case (.text, true): printUnchanged(reportTable(reports))
        case (.text, false): print(reportText(newest))
        }
    }

    private func printNets(_ report: ModelReport) throws {
        guard let curve = report.curve else { throw JobError.oneLightNet(version: report.version) }
        switch output.form {
        case .json: try printJSON(curve)
        case .csv: printCSV(curve.nets.map { (report: report, curve: curve, net: $0) }, CSVColumn<QualityCurve>.nets)
        case .text: print(curveText(curve))
        }
    }

    private func write(_ page: String, to path: String, _ report: ModelReport) throws {
        do throws(FileError) {
            let outcome = try OutputFile(path, streams: .written).replace(with: Array(page.utf8))
            // Standard output may be where the page went.
            if outcome == .replaced {
                print("\(VisibleText.escaped(path)): model \(report.model), version \(report.version)")
            }
        } catch {
            throw JobError.cannotWrite(path: path, reason: error.reason)
        }
    }
}

import ArgumentParser
import Reports

struct ModelsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "models", abstract: "List versions, show one, and decide which is live.",
        subcommands: [List.self, Show.self, Pull.self, Promote.self, Rollback.self, Retire.self])

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "List all versions, newest first.",
            discussion: """
                Examples:
                  rocket models list
                  rocket models list --model quickstart --json
                """)

        @OptionGroup var database: DatabaseOptions

        @OptionGroup var model: ModelOptions

        @OptionGroup var output: OutputOptions

        func run() throws {
            let reports = try ReportReader(database: database.database).reports(model: model.name())
            switch output.form {
            case .json: try printJSON(reports)
            case .csv: printCSV(reports, CSVColumn<ModelReport>.reports)
            case .text: printUnchanged(reports.isEmpty ? "no versions yet; run: rocket nightly" : reportTable(reports))
            }
        }
    }

    struct Show: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "show",
            abstract: "Show one version: its reports, or the job file it was trained with.",
            discussion: """
                Prints one report for each day that it was judged on; with --json an array.

                Examples:
                  rocket models show 12
                  rocket models show 12 --job-file > as-trained.yaml
                """)

        @OptionGroup var database: DatabaseOptions

        @Argument(help: "Number of the version.")
        var number: Int

        @Flag(help: "Print the job file as it was.")
        var jobFile = false

        @OptionGroup var output: OutputOptions

        func run() throws {
            let reader = try ReportReader(database: database.database)
            if jobFile {
                return printUnchanged(try reader.jobFile(version: number), terminator: "")
            }
            let reports = try reader.reports(version: number)
            switch output.form {
            case .json: try printJSON(reports)
            case .csv: printCSV(reports, CSVColumn<ModelReport>.reports)
            case .text:
                for report in reports { print(reportText(report)) }
                if let decision = try reader.decision(of: number) {
                    let state = reports.first?.state ?? "candidate"
                    printUnchanged(gateText(decision, version: number, state: state))
                }
            }
        }
    }
}

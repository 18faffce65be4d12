import ArgumentParser
import Days
import Experiments
import Night
import Reports
import Runs
import TextTable

struct ExperimentCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "experiment",
        abstract: "Compare the paper's arms over several seeds, or search for better settings.",
        discussion: """
            Trains each arm on the window before a day, judges it on the day, and prints means over the seeds with \
            their standard errors. Rocket with another hint loss or λ is a separate arm. Results are kept in \
            rocket.experiment_results and summarised in rocket.experiment_report; no version is made. Started again, \
            it trains only what is missing, so seeds and arms can be added later (exit code 3 if nothing was missing).

            With --search it looks for better settings instead: it trains variants of the job file on the same window \
            without its latest rows, judges them on those by the light net's log loss, and never reads the day itself. \
            Variants that do well are trained for longer (successive halving), within --budget. The best one is then \
            compared with the unchanged job file, on rows that no trial saw: --output gets the unchanged job file \
            unless the variant is better there by two standard errors.

            Examples:
              rocket experiment --job ads.yaml --day 2026-01-09 --seeds 3
              rocket experiment --job ads.yaml --day 2026-01-09 --arms light,booster,rocket
              rocket experiment --job ads.yaml --day 2026-01-09 --hint-weights 0.3,1,3
              rocket experiment --job ads.yaml --day 2026-01-09 --search --output best.yaml
            """)

    @OptionGroup var options: JobOptions

    @Option(help: ArgumentHelp("Day to judge on.", valueName: "YYYY-MM-DD"))
    var day: Day

    @Option(help: "Number of seeds, counted up from the job file's own.")
    var seeds = 3

    @Option(
        help: ArgumentHelp(
            "Arms, separated by commas: " + Contender.allCases.map(\.rawValue).joined(separator: ", ")
                + ". Default: all.", valueName: "arms"))
    var arms: String?

    @Option(
        help: ArgumentHelp(
            "Add rocket with each of these hint losses: "
                + HintLoss.allCases.map(\.rawValue).joined(separator: ", ") + ".", valueName: "losses"))
    var hintLosses: String?

    @Option(
        help: ArgumentHelp(
            "Add rocket with each of these λ, such as 0.1,0.3,1,3; with --hint-losses, each loss with each λ.",
            valueName: "numbers"))
    var hintWeights: String?

    @OptionGroup var search: SearchOptions

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if search.search, arms != nil || hintLosses != nil || hintWeights != nil {
            throw ValidationError(
                "--search tries settings, not arms; leave out --arms, --hint-losses and --hint-weights")
        }
        guard (1...1_000).contains(seeds) else { throw ValidationError("--seeds is \(seeds); expected 1 to 1000") }
        _ = try chosenArms()
        _ = try chosenHints()
    }

    private func chosenArms() throws -> [Contender] {
        guard let arms else { return Contender.allCases }
        return try arms.split(separator: ",").map { name in
            guard let arm = Contender(rawValue: String(name)) else {
                throw ValidationError(
                    "--arms: ‘\(name)’ is no arm; expected some of "
                        + Contender.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return arm
        }
    }

    private func chosenHints() throws -> [HintVariant] {
        let losses = try (hintLosses ?? "").split(separator: ",").map { name in
            guard let loss = HintLoss(rawValue: String(name)) else {
                throw ValidationError(
                    "--hint-losses: ‘\(name)’ is no hint loss; expected some of "
                        + HintLoss.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return loss
        }
        let weights = try (hintWeights ?? "").split(separator: ",").map { text in
            guard let weight = Double(text), weight.isFinite, weight >= 0 else {
                throw ValidationError("--hint-weights: ‘\(text)’; expected numbers of 0 or more, such as 0.3,1,3")
            }
            return weight
        }
        return HintVariant.each(losses: losses, weights: weights)
    }

    func run() throws {
        if search.search { return try search.run(options, day: day, output) }
        let result = try Experiment(
            options.open(), arms: chosenArms(), hints: chosenHints(), seeds: seeds, launch: LaunchedProcess.launch
        ).run(day: day)
        let lines = try ReportReader(database: options.database.database).experiment(fingerprint: result.fingerprint)
        switch output.form {
        case .json: try printJSON(lines)
        case .csv: printCSV(lines, CSVColumn<ExperimentLine>.experiments)
        case .text:
            print(experimentTable(lines))
            for gain in lines.flatMap(\.gains) { print(gain) }
            if let note = lines.first(where: { $0.arm == "booster" })?.gapClosedNote { print("gap_closed: \(note)") }
            if let oracle = lines.first?.oracleAUC { print("true probabilities reach AUC \(number(oracle))") }
        }
        if result.trained == 0 { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }

    private func gapInterval(_ line: ExperimentLine) -> String {
        guard let low = line.gapClosedLow, let high = line.gapClosedHigh else { return "–" }
        return "\(percent(low)) … \(percent(high))"
    }

    private func experimentTable(_ lines: [ExperimentLine]) -> String {
        TextTable<ExperimentLine> { line in
            [
                Column(title: "arm", value: line.arm), Column(title: "net", value: line.net),
                Column(title: "AUC", value: number(line.auc), align: .right),
                Column(title: "± s.e.", value: number(line.aucStandardError), align: .right),
                Column(title: "gap closed", value: percent(line.gapClosed), align: .right),
                Column(title: "95 %", value: gapInterval(line), align: .right),
                Column(title: "validation AUC", value: number(line.validationAUC), align: .right),
                Column(title: "GAUC", value: number(line.gauc), align: .right),
                Column(title: "log loss", value: number(line.logLoss), align: .right),
                Column(title: "PCOC", value: number(line.pcoc, digits: 3), align: .right),
                Column(title: "seeds", value: line.seeds, align: .right),
                Column(title: "s a training", value: number(line.seconds, digits: 1), align: .right),
            ]
        }.string(for: lines, style: Style.psql) ?? ""
    }
}

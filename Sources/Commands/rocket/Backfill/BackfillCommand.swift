import ArgumentParser
import Backfill
import Days
import Files
import Reports
import Runs

struct BackfillCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backfill",
        abstract: "Run the nights of a range of days.",
        discussion: """
            Each version is judged on one day of the range and trained on the window before it, so it sees only what \
            it would have seen that night. Clicks and impressions that were logged later are in the logs now, and are \
            seen too. The versions are marked as backfilled and never become live unless --promote asks the gate. Days \
            without earlier days to train on are listed and left out.

            --reprocess says which nights are done again, in addition to those without a version of the job file's \
            features and source:
              none    no others (the default)
              failed  those whose last run failed, died or was stopped
              stale   those whose logs, settings, program or cached days have changed;
                      changed cached days are built again first
              all     every night; every cache file is compared with its checksum first
            Training is deterministic, so a night with the same settings and data makes no second version.

            It is safe to stop and to repeat: every night ends up done once. Several backfills share the nights of a \
            range, on several machines too; a night that another backfill works on is checked again at the end. A \
            backfill never delays the nightly job: before each night it waits while a nightly job of the model runs.

            --jobs runs several nights at a time, each with its share of the cores and with its own memory; latencies \
            are then measured while the others work. Nights that resume from one another (training.start: incremental) \
            or that are promoted run one at a time, oldest first, in one process.

            A night that fails does not stop the others. It is listed at the end, and the exit code is that of the \
            worst night: 1 before 7 before 5 before others. Wrong settings (6), a signal (9) and a database that stays \
            unreachable (7) end the whole backfill. 3: there was nothing to do. 8, with --promote: the gate held back \
            the newest version that was made or judged.

            --stale makes no versions: it rebuilds exactly the cached days whose logs have changed since (rocket \
            status lists them), and prints labels flipped, rows added and rows gone, which are kept in \
            rocket.cache_rebuilds.

            Examples:
              rocket backfill --job ads.yaml --from 2026-11-24 --to 2026-11-30
              rocket backfill --job ads.yaml --from 2026-11-24 --to 2026-11-30 --dry-run
              rocket backfill --job ads.yaml --from 2026-11-24 --to 2026-11-30 --jobs 2
              rocket backfill --job ads.yaml --stale
            """)

    @OptionGroup var options: RunOptions

    @Option(help: ArgumentHelp("First day to judge a model on.", valueName: "YYYY-MM-DD"))
    var from: Day?

    @Option(help: ArgumentHelp("Last day to judge a model on.", valueName: "YYYY-MM-DD"))
    var to: Day?

    @Option(help: ArgumentHelp("Which night is first: oldest or newest.", valueName: "order"))
    var order = BackfillOrder.oldest

    @Option(help: ArgumentHelp("Nights to do again: none, failed, stale or all.", valueName: "which"))
    var reprocess = Reprocess.none

    @Option(help: ArgumentHelp("How many nights run at once.", valueName: "number"))
    var jobs = 1

    @Flag(help: "Ask the gate about each night, also one that was backfilled without it; what passes becomes live.")
    var promote = false

    @Flag(help: "Print what would be done with each day, and why, without doing it.")
    var dryRun = false

    @Flag(help: "Instead of a range: build those cached days again whose logs have changed.")
    var stale = false

    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard (1...64).contains(jobs) else { throw ValidationError("--jobs \(jobs): expected 1 … 64") }
        guard !stale else {
            if from != nil || to != nil {
                throw ValidationError("--stale finds its days itself; leave --from and --to out")
            }
            if order != .oldest || reprocess != .none || jobs != 1 || promote || dryRun {
                throw ValidationError(
                    "--stale builds cached days and makes no versions; only --json or --csv goes with it. To make the "
                        + "versions of changed days again: --from, --to and --reprocess stale")
            }
            return
        }
        guard let from, let to else { throw ValidationError("a backfill needs --from and --to, or --stale") }
        if to < from { throw ValidationError("--to \(to) is before --from \(from)") }
        if promote, order == .newest || jobs > 1 {
            throw ValidationError(
                "--promote judges each night against what was promoted before it: leave out --order newest, and --jobs "
                    + "above 1")
        }
    }

    func run() throws {
        if dryRun { return try show(Backfill(options.job.open(), request(), launch: LaunchedProcess.launch).plan()) }
        try options.run("backfill", .asJobFile) { job in
            if stale { return try show(StaleRebuild(job).run()) }
            try show(Backfill(job, request(), launch: LaunchedProcess.launch).run(), job)
        }
    }

    private func request() throws -> BackfillRequest {
        guard let from, let to else { throw ValidationError("a backfill needs --from and --to, or --stale") }
        return BackfillRequest(
            days: from...to, order: order, reprocess: reprocess, jobs: jobs, promotion: promote ? .byGate : .none)
    }

    private func show(_ plan: BackfillPlan) throws {
        let lines = plan.entries.map(PlanLine.init)
        switch output.form {
        case .json: try printJSON(lines)
        case .csv: printCSV(lines, PlanLine.columns)
        case .text: print(planTable(plan))
        }
        if !plan.hasWork { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }

    private func show(_ summary: BackfillSummary, _ job: OpenJob) throws {
        let reports = try job.patiently {
            let reader = try ReportReader(database: options.database.database)
            return try summary.nights.compactMap { night in
                try night.outcome.version.flatMap { version in
                    try reader.reports(version: version).last { $0.evaluatedDay == night.day }
                }
            }
        }
        switch output.form {
        case .json: try printJSON(reports)
        case .csv: printCSV(reports, CSVColumn<ModelReport>.reports)
        case .text:
            printUnchanged(reportTable(reports))
            for (day, reason) in summary.skipped { print("\(day): no version, \(reason)") }
            for (day, failure) in summary.failed {
                print("\(day): failed (\(failure.exit.rawValue)), \(VisibleText.escaped(failure.description))")
            }
            print(
                "\(summary.nights.count) versions, \(summary.nights.filter(\.outcome.didWork).count) of them made or judged now"
                    + (summary.failed.isEmpty ? "" : "; \(summary.failed.count) nights failed"))
        }
        if summary.exitStatus != .done { throw ExitCode(summary.exitStatus.rawValue) }
    }

    private func show(_ rebuilt: [RebuiltDay]) throws {
        switch output.form {
        case .json: try printJSON(rebuilt.map(RebuiltLine.init))
        case .csv: printCSV(rebuilt.map(RebuiltLine.init), RebuiltLine.columns)
        case .text:
            for day in rebuilt { print("\(day.day)  rebuilt: \(day.difference)") }
            if rebuilt.isEmpty { print("no cached day is stale") }
        }
        if rebuilt.isEmpty { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }
}

extension BackfillOrder: ExpressibleByArgument {}

extension Reprocess: ExpressibleByArgument {}

/// A day of the plan as scripts read it.
private struct PlanLine: Encodable {
    let day: Day
    let action: String
    let reason: String
    let trainedFrom: Day?
    let trainedTo: Day?
    let trainedDays: Int?
    let version: Int?

    init(_ entry: BackfillPlan.Entry) {
        day = entry.day
        action = entry.action.rawValue
        reason = "\(entry.reason)"
        trainedFrom = entry.night?.trained.lowerBound
        trainedTo = entry.night?.trained.upperBound
        trainedDays = entry.night?.trainingDays.count
        version = entry.version
    }

    static var columns: [CSVColumn<PlanLine>] {
        [
            .init("day") { $0.day }, .init("action") { $0.action }, .init("reason") { $0.reason },
            .init("trained_from") { $0.trainedFrom }, .init("trained_to") { $0.trainedTo },
            .init("trained_days") { $0.trainedDays }, .init("version") { $0.version },
        ]
    }

    enum CodingKeys: String, CodingKey {
        case day, action, reason, version
        case trainedFrom = "trained_from"
        case trainedTo = "trained_to"
        case trainedDays = "trained_days"
    }
}

/// A rebuilt day as scripts read it.
private struct RebuiltLine: Encodable {
    let day: Day
    let labelsFlipped: Int
    let rowsAdded: Int
    let rowsGone: Int

    init(_ rebuilt: RebuiltDay) {
        day = rebuilt.day
        labelsFlipped = rebuilt.difference.labelsFlipped
        rowsAdded = rebuilt.difference.rowsAdded
        rowsGone = rebuilt.difference.rowsGone
    }

    static var columns: [CSVColumn<RebuiltLine>] {
        [
            .init("day") { $0.day }, .init("labels_flipped") { $0.labelsFlipped },
            .init("rows_added") { $0.rowsAdded }, .init("rows_gone") { $0.rowsGone },
        ]
    }

    enum CodingKeys: String, CodingKey {
        case day
        case labelsFlipped = "labels_flipped"
        case rowsAdded = "rows_added"
        case rowsGone = "rows_gone"
    }
}

import AdLogs
import Collectives
import Days
import FeatureCache
import Files
import Foundation
import Instructions
import JobFile
import LogImport
import ModelRegistry
import Nets
import ONNXExport
import Postgres
import RocketServing
import Training

/// Why a job could not do its work.
public enum JobError: Error, CustomStringConvertible {
    /// Someone else holds the job's lock.
    case locked(model: String, holder: String)
    /// Someone else took a lock while the database was away.
    case lockLost(name: String, holder: String)
    /// A signal asked the work to stop.
    case interrupted(signal: Int32)
    /// Cache files are being made in a folder.
    case extracting(folder: String)
    /// The source does not fit the live tables.
    case source(path: String, problems: [AdLogError])
    /// The impressions table has no rows at all.
    case emptyLog(table: String)
    /// No impressions on a day that is needed.
    case noImpressions(day: Day, table: String)
    /// No impressions on the day that a night would judge on, but on days before it.
    case logEnded(day: Day, table: String, newest: Day, asOf: Day)
    /// A day's clicks are not all in yet.
    case immature(day: Day, lastMature: Day)
    /// No day of the window before the evaluated day has impressions.
    case nothingToTrainOn(evaluated: Day, window: ClosedRange<Day>)
    /// All training rows are clicked, or none.
    case oneClass(days: ClosedRange<Day>, rows: Int, clicks: Int)
    /// The latest training rows have too few of a class to judge settings by.
    case nothingToJudgeBy(days: ClosedRange<Day>)
    /// More of a day's impressions could not be used than the job file allows.
    case tooManyRejected(day: Day, rejected: Int, of: Int, allowed: Double)
    /// More of a judged day's impressions have no score than the job file allows to be left out; `nets`: how many each
    /// net leaves open; `example`: the largest number of one of them.
    case tooManyUnscored(day: Day, unscored: Int, of: Int, nets: String, example: String?, allowed: Double)
    /// More of a day's impressions share their id with others than the job file allows.
    case repeatedIDs(day: Day, table: String, id: String, shared: Int, of: Int, allowed: Double)
    /// The days asked for are not after the days trained on.
    case notUnseen(day: Day, trained: ClosedRange<Day>)
    /// Nights that continue one another, or that are promoted, requested out of order.
    case outOfOrder(reason: String)
    /// A version's weights do not go with this job file.
    case otherSpecification(version: Int, path: String)
    /// A version's weights do not give the figures that are stored of them.
    case notReproduced(version: Int, net: String, day: Day, stored: Double, found: Double?)
    /// A model has no version yet; nil: no model has one.
    case noVersion(model: String?)
    /// The ledger has no run of a number.
    case noRun(Int)
    /// No version of a model is live.
    case nothingLive(model: String?)
    /// Versions of several models are live, and no model is named.
    case severalLive(models: [String])
    /// A version whose model reads no histories was asked for their table.
    case noHistories(version: Int)
    /// A version's job keeps its cache in a folder beside its job file, and nobody knows here where that is.
    case noCacheFolder(version: Int, directory: String)
    /// A version with one light net was asked for a choice of them.
    case oneLightNet(version: Int)
    /// A version has no light net of the name.
    case noNet(String, version: Int, nets: [String])
    /// A file cannot be written.
    case cannotWrite(path: String, reason: String)
    /// A program asked for something the tables of the job are needed for.
    case notMigrated

    public var description: String {
        switch self {
        case .locked(let model, let holder):
            "another run of model ‘\(model)’ is running: \(holder); wait for it, or stop that process"
        case .lockLost(let name, let holder):
            "the lock ‘\(name)’ was lost with its database session, and taken by \(holder); what was done stays, the next "
                + "run resumes from it"
        case .interrupted(let signal):
            "stopped by \(signal == SIGINT ? "SIGINT" : signal == SIGTERM ? "SIGTERM" : "signal \(signal)"); what was "
                + "done stays, the next run resumes from it"
        case .extracting(let folder):
            "an extraction is running and its files in \(folder) are not finished; try again when it is over"
        case .source(let path, let problems):
            "\(VisibleText.escaped(path)) does not fit the database:\n"
                + problems.map { "  - \(VisibleText.escaped("\($0)"))" }.joined(separator: "\n")
        case .emptyLog(let table):
            "\(table) is empty; load logs first, for example: rocket sample-logs --help or rocket import --help"
        case .noImpressions(let day, let table):
            "\(table) has no impressions on \(day); check the day and source.time_zone of the job file"
        case .logEnded(let day, let table, let newest, let asOf):
            "\(table) has no impressions on \(day), the last mature day; the newest before it are of \(newest): find out "
                + "why none came since, or judge on that day with --as-of \(asOf)"
        case .immature(let day, let lastMature):
            "\(day) is not mature: clicks on it may still arrive within the attribution window; "
                + "the last mature day is \(lastMature)"
        case .nothingToTrainOn(let evaluated, let window):
            "nothing to train on for \(evaluated): no impressions on \(window.lowerBound) … \(window.upperBound)"
        case .nothingToJudgeBy(let days):
            "the latest rows of \(days.lowerBound) … \(days.upperBound) have fewer than \(EpochSearch().fewestPerClass) clicks, or "
                + "rows without one; a search needs more to judge by: raise training.window_days"
        case .oneClass(let days, let rows, let clicks):
            "the \(rows) impressions of \(days.lowerBound) … \(days.upperBound) hold \(clicks) clicks; training needs "
                + "both clicked and unclicked ones; check source.clicks and the attribution window"
        case .tooManyRejected(let day, let rejected, let all, let allowed):
            "\(rejected) of the \(all) impressions of \(day) could not be used, extraction.rejected_share allows "
                + "\(allowed); see rocket.rejected_rows, correct the logs and run: rocket extract --job FILE --day \(day) --rebuild"
        case .tooManyUnscored(let day, let unscored, let all, let nets, let example, let allowed):
            "\(unscored) of the \(all) impressions of \(day) have no score (\(nets)), extraction.rejected_share allows "
                + "\(allowed): " + Self.reason(unscored: example, day)
        case .repeatedIDs(let day, let table, let id, let shared, let all, let allowed):
            "\(shared) of the \(all) impressions of \(day) in \(table) share their id with others, source.repeated_share "
                + "allows \(allowed): \(id) names no single impression, so their clicks cannot be told apart. Name all "
                + "columns that do, such as source.impressions.id: [request_id, position], and source.clicks.impression_id "
                + "alike; or raise source.repeated_share, and clicks label the newest impression before them"
        case .notReproduced(let version, let net, let day, let stored, let found):
            "version \(version) does not reproduce its figures: the \(net) net's log loss on \(day) is "
                + "\(found.map { "\($0)" } ?? "missing"), \(stored) is stored; its weights or the program have changed. Train "
                + "from nothing once, with training.start: window"
        case .notUnseen(let day, let trained):
            "\(day) is not after the days the version was trained on (\(trained.lowerBound) … \(trained.upperBound)); "
                + "a model is judged on days that it has not seen"
        case .outOfOrder(let reason):
            "\(reason); leave out --order newest, and --jobs above 1"
        case .otherSpecification(let version, let path):
            "version \(version) was trained from other features or another source than \(path) describes now; "
                + "evaluate it with its own job file: rocket models show \(version) --job-file"
        case .noVersion(let model):
            "there is no version of \(model.map { "model ‘\($0)’" } ?? "any model") yet; run: rocket nightly"
        case .noRun(let number):
            "there is no run \(number) in the ledger; see: rocket runs list"
        case .nothingLive(let model):
            "no version of \(model.map { "model ‘\($0)’" } ?? "any model") is live; see: rocket models list, and "
                + "rocket models promote --help"
        case .severalLive(let models):
            "versions of several models are live: \(models.joined(separator: ", ")); name the one that is meant"
        case .noHistories(let version):
            "the model of version \(version) reads no histories, so there is no table of earlier days to fetch; pull it "
                + "without --history"
        case .noCacheFolder(let version, let directory):
            "the job of version \(version) keeps its cache in ‘\(directory)’ beside its job file, which is not known on this "
                + "machine; name the file with --job, or set ROCKET_CACHE_ROOT"
        case .oneLightNet(let version):
            "version \(version) has one light net; several are trained together with nets.lights in the job file"
        case .noNet(let name, let version, let nets):
            "version \(version) has no light net ‘\(name)’; expected one of: \(nets.joined(separator: ", "))"
        case .cannotWrite(let path, let reason):
            "\(path) cannot be written: \(reason); expected a folder that this user may write to, with room in it"
        case .notMigrated:
            "the database lacks tables or columns that this version of the program needs; run: rocket migrate"
        }
    }

    /// Why impressions have no score, and what to do.
    package static func reason(unscored example: String?, _ day: Day) -> String {
        "a net's answer for them is no finite number, most likely for a number far from those of training"
            + (example.map { ": the first has \($0)" } ?? "")
            + "; correct the log and run: rocket extract --job FILE --day \(day) --rebuild, or give the feature transform: log1p"
    }

    package static func isInterruption(_ error: any Error) -> Bool {
        if case JobError.interrupted = error { true } else { false }
    }

    /// The exit code for any error that a command can end with.
    public static func exitStatus(for error: any Error) -> ExitStatus {
        switch error {
        case let error as JobError:
            switch error {
            case .locked, .lockLost, .extracting: .locked
            case .interrupted: .interrupted
            case .source, .outOfOrder, .otherSpecification, .noVersion, .noRun, .nothingLive, .severalLive,
                .noHistories, .noCacheFolder, .oneLightNet, .noNet, .cannotWrite:
                .configuration
            case .notMigrated: .database
            case .emptyLog, .noImpressions, .logEnded, .immature, .nothingToTrainOn, .oneClass, .nothingToJudgeBy,
                .notUnseen,
                .tooManyRejected, .tooManyUnscored, .repeatedIDs, .notReproduced:
                .dataCheckFailed
            }
        case is JobFileError: .configuration
        case let error as ImportError:
            switch error {
            case .unreadable, .stream, .noColumn, .header, .option: .configuration
            case .empty, .openQuote, .manyDays: .dataCheckFailed
            }
        case AdLogError.unreadable: .dataCheckFailed
        case AdLogError.noRight: .database
        case is AdLogError, is FileError: .configuration
        case let error as any CommandError: error.exitStatus
        case PostgresError.lockHeld: .locked
        case is PostgresError: .database
        case let error as ModelRegistryError:
            switch error {
            case .raced: .locked
            case .refused: .held
            case .noVersion, .otherModel, .absent, .noArtifact, .noHistory: .configuration
            case .damagedArtifact, .damaged, .damagedHistory: .dataCheckFailed
            }
        case TrainingError.notFinite, is SafetensorsError: .dataCheckFailed
        case CollectiveError.unavailable: .configuration
        case is CollectiveError: .ranksLost
        case TrainingError.unsupported, is InstructionSetError, is ServingError, is ONNXExportError: .configuration
        default: .internalError
        }
    }
}

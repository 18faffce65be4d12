import AdLogs
import Days
import Evaluation
import Extract
import Foundation
import Logging
import Postgres
import RocketLaunching
import Runs
import Training

/// The live version's nets as they score the day that a new version is judged on. Where it has other features, the day
/// is extracted with these as well, and each impression is scored from there.
struct LiveNets {
    let nets: [JudgedNet]
    /// The scores from its own cache; nil: it scores from the new version's.
    private let matched: MatchedLogits?
    /// Why it cannot score the day; nil: it can, or nothing is live.
    let obstacle: String?

    /// Nothing is live.
    static var none: LiveNets { LiveNets(nets: []) }

    private init(nets: [JudgedNet], matched: MatchedLogits? = nil, obstacle: String? = nil) {
        (self.nets, self.matched, self.obstacle) = (nets, matched, obstacle)
    }

    /// - Parameter day: whose impressions are to be scored.
    init(_ live: LiveModel, on day: Day, _ databases: Databases, _ recorder: RunRecorder) throws {
        switch live.scoring {
        case .none(let obstacle):
            self.init(nets: [], obstacle: obstacle.reason)
        case .sameFeatures(let model):
            // What is compared with: the net that is served, and the booster.
            let compared = [live.served, Net.booster.name]
            self.init(nets: model.judgedNets(arm: LiveModel.arm).filter { compared.contains($0.name) })
        case .ownFeatures(let model, let context):
            context.log.info(
                "\(day): live version \(live.version) has other features; the day is extracted with these, too")
            let own = databases.extracting(context.specification)
            let entries: [CacheManifest.Entry]
            do {
                entries = try Self.extract(day, context, own, recorder)
            } catch  where Self.isOfLogs(error) {
                // The new version is not the worse for it: the gate says what is missing.
                context.log.error("live version \(live.version) cannot be compared with: \(error)")
                self.init(nets: [], obstacle: "its features cannot be made of the day's logs: \(error)")
                return
            }
            let rows = entries.reduce(0) { $0 + $1.rows }
            let space = ScratchSpace(folder: context.jobFile.cacheDirectory)
            let matched = try recorder.stage("evaluate", detail: "live version \(live.version)") {
                try MatchedLogits(of: model.scorer(of: .light(live.served)), own.extraction.readers(of: entries), space)
                {
                    try recorder.progress(
                        StageProgress(title: "evaluate live", done: $0, total: rows, unit: "rows"))
                }
            }
            self.init(
                nets: [
                    JudgedNet(arm: LiveModel.arm, name: live.served) { try matched.logits(of: $0.keys) }
                ], matched: matched)
        }
    }

    /// Whether an error says something of the logs, and not that it is time to stop or to try again.
    private static func isOfLogs(_ error: any Error) -> Bool {
        switch error {
        case let error as PostgresError: !error.isTransient
        case is AdLogError, is ExtractionError: true
        default: false
        }
    }

    /// How many impressions its own cache lacks.
    var missing: Int { matched?.missing ?? 0 }

    /// The day with the live version's features: built again where the logs have changed since.
    private static func extract(
        _ day: Day, _ context: JobContext, _ own: Databases, _ recorder: RunRecorder
    ) throws -> [CacheManifest.Entry] {
        let extraction = DayExtraction(context, own, recorder)
        let found = try extraction.days([day])
        guard found.contains(where: { !$0.built }), try own.isStale(day, context.specification.hash) else {
            return found.flatMap(\.day.entries)
        }
        return try extraction.days([day], rebuild: true).flatMap(\.day.entries)
    }
}

extension Databases {
    /// Whether the logs of a cached day have changed since it was built.
    fileprivate func isStale(_ day: Day, _ specificationHash: String) throws -> Bool {
        try !StaleDays(results, logs: source).find(specificationHash: specificationHash, in: day...day).isEmpty
    }
}

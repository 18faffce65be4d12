import Days
import Evaluation
import Extract
import FeatureCache
import Features
import Foundation
import JobFile
import Logging
import ModelRegistry
import RocketLaunching
import Runs
import Training

/// What nets gave the impressions of a day. Columns of a large day lie on disk.
package struct ScoredDay {
    let day: Day
    let labels: StoredColumn<UInt8>
    /// Empty: the job file names none.
    let groups: StoredColumn<UInt64>
    /// Generated logs: the probabilities that clicks were drawn with; otherwise empty.
    let truth: StoredColumn<Float>
    /// The ids of the features that the day is sliced by.
    let slices: [String: SlicedColumn]
    let nets: [Net]
    /// Where its columns lie and what is made of them may.
    let space: ScratchSpace
    /// Why the live version could not score it; nil: it did, or nothing is live.
    var liveObstacle: String?

    struct Net {
        /// How it was trained, or `live`.
        let arm: String
        /// `light` or one of `nets.lights`, `booster` or `logistic_regression`.
        let name: String
        /// `[rows]`
        let probabilities: StoredColumn<Float>
    }

    func net(_ name: String, of arm: String) -> Net? { nets.first { $0.arm == arm && $0.name == name } }

    func report(of net: Net) throws -> EvaluationReport {
        try EvaluationReport.measure(
            labels: labels, probabilities: net.probabilities, groups: groups, space: space)
    }
}

/// What is to score a day.
package struct JudgedNet {
    let arm: String
    let name: String
    /// The logits of a block's rows.
    let logits: (SparseBatch) throws -> [Float]
}

extension CoTrainedModel {
    /// The nets that an arm trained.
    package func judgedNets(arm: String) -> [JudgedNet] {
        (lightNets + [.booster]).compactMap { net in
            scorer(of: net).map { JudgedNet(arm: arm, name: net.name, logits: $0.logits) }
        }
    }
}

/// Scores cached days.
package struct DayScoring {
    private let jobFile: JobFile
    private let extraction: Extraction
    private let recorder: RunRecorder
    private let log: Logger

    package init(_ context: JobContext, _ extraction: Extraction, _ recorder: RunRecorder) {
        (jobFile, self.extraction, self.recorder, log) = (context.jobFile, extraction, recorder, context.log)
    }

    /// Judges each net that an arm trained on a cached day.
    package func evaluate(
        _ trained: CoTrainedModel, arm: Arm, on entries: [CacheManifest.Entry]
    ) throws -> [NetEvaluation] {
        try score(trained.judgedNets(arm: arm.rawValue), on: entries).evaluations()
    }

    /// Judges nets of an experiment on a cached day, each on all impressions.
    ///
    /// - Parameter clickRate: What a net answers where it gives no finite number.
    package func evaluate(
        _ nets: [JudgedNet], clickRate: Double, on entries: [CacheManifest.Entry]
    ) throws -> [NetEvaluation] {
        let (scored, unscored) = try scan(nets, live: nil, .answered(clickRate: clickRate), entries)
        try check(unscored, of: nets, entries)
        if unscored.count > 0 {
            log.warning(
                """
                \(scored.day): \(open(unscored, nets)) impressions get no finite number and are judged as \
                \(String(format: "%.4f", clickRate)), the click rate of the training rows, so that all arms are judged \
                on the same \(scored.labels.count): \(JobError.reason(unscored: unscored.example, scored.day))
                """)
        }
        return try scored.evaluations()
    }

    /// Scores a cached day, of which there is at least one file.
    package func score(_ nets: [JudgedNet], on entries: [CacheManifest.Entry]) throws -> ScoredDay {
        try score(nets, live: .none, on: entries)
    }

    /// - Parameter live: Is judged too, unless it leaves more impressions open than may be left out.
    func score(_ nets: [JudgedNet], live: LiveNets, on entries: [CacheManifest.Entry]) throws -> ScoredDay {
        let liveNets = live.nets
        var (scored, unscored) = try scan(nets, live: liveNets, .leftOut, entries)
        scored.liveObstacle = live.obstacle
        let total = entries.reduce(0) { $0 + $1.rows }
        if !liveNets.isEmpty, !isAllowed(unscored.count, of: total), isAllowed(unscored.countWithoutLive, of: total) {
            let open = unscored.byNet[nets.count...].max() ?? 0
            let reason =
                live.missing > 0
                ? "\(live.missing) of the \(total) impressions of \(scored.day) are not in the cache of its features"
                : "it gives no finite number for \(open) of the \(total) impressions of \(scored.day)"
            log.error(
                """
                the live version cannot be compared with: \(reason); the new nets leave \(unscored.countWithoutLive) open
                """)
            var without = try score(nets, live: .none, on: entries)
            without.liveObstacle = reason
            return without
        }
        try check(unscored, of: nets + liveNets, entries)
        if unscored.count > 0 {
            log.warning(
                """
                \(scored.day): \(unscored.count) of \(total) impressions are left out of the judgement \
                (\(open(unscored, nets + liveNets))): \(JobError.reason(unscored: unscored.example, scored.day))
                """)
        }
        return scored
    }

    private func scan(
        _ own: [JudgedNet], live: [JudgedNet]?, _ treatment: UnscoredRows.Treatment, _ entries: [CacheManifest.Entry]
    ) throws -> (ScoredDay, UnscoredRows) {
        let nets = own + (live ?? [])
        let total = entries.reduce(0) { $0 + $1.rows }
        let space = ScratchSpace(folder: jobFile.cacheDirectory)
        var unscored = UnscoredRows(
            nets: nets.count, ownNets: own.count, numerics: jobFile.features.numerics.map(\.name), treatment)
        let labels = ColumnWriter<UInt8>(space)
        let groups = ColumnWriter<UInt64>(space)
        let truth = ColumnWriter<Float>(space)
        let scores = nets.map { _ in ColumnWriter<Float>(space) }
        let names = try sliceNames(on: entries[0].day)
        let sliced = jobFile.features.fields.enumerated().filter { names.contains($1.name) }
        let slices = sliced.map { _ in SlicedColumn.Writer(space) }
        var done = 0
        var truthIsKnown = true
        for reader in try extraction.readers(of: entries) {
            for index in 0..<reader.blockCount {
                var block = try reader.block(index)
                var logits = try nets.map { try $0.logits(block) }
                done += block.rows
                unscored.treat(&block, &logits)
                try labels.append(block.labels)
                if jobFile.evaluation.group != nil { try groups.append(block.groups) }
                truthIsKnown = truthIsKnown && !block.truth.contains(where: \.isNaN)
                if truthIsKnown { try truth.append(block.truth) }
                for (slice, field) in zip(slices, sliced) { try slice.append(block.fields[field.offset]) }
                for (logits, scores) in zip(logits, scores) { try scores.append(logits.map { 1 / (1 + exp(-$0)) }) }
                try recorder.progress(StageProgress(title: "evaluate", done: done, total: total, unit: "rows"))
            }
        }
        let scored = ScoredDay(
            day: entries[0].day, labels: try labels.finish(), groups: try groups.finish(),
            truth: truthIsKnown ? try truth.finish() : StoredColumn(),
            slices: Dictionary(
                uniqueKeysWithValues: try zip(sliced, slices).map { ($0.element.name, try $1.finish()) }),
            nets: try zip(nets, scores).map {
                ScoredDay.Net(arm: $0.arm, name: $0.name, probabilities: try $1.finish())
            }, space: space)
        return (scored, unscored)
    }

    /// The features that the job file slices by, otherwise the few with few values. Crosses and histories are none that
    /// people think in.
    private func sliceNames(on day: Day) throws -> Set<String> {
        guard jobFile.evaluation.slices.isEmpty else { return Set(jobFile.evaluation.slices) }
        let kinds = Set<Feature.Kind>([.cross, .history])
        let left = Set(jobFile.features.fields.filter { !kinds.contains($0.kind) }.map(\.name))
        let few = try extraction.fieldsWithFewIDs(on: day, most: Self.fewIDs).filter { left.contains($0) }
        return Set(few.prefix(Self.mostSliced))
    }

    /// Values of a feature that the day is sliced by unless the job file names others, and how many such features.
    private static let (fewIDs, mostSliced) = (24, 4)

    private func isAllowed(_ unscored: Int, of all: Int) -> Bool {
        unscored < all && Double(unscored) <= jobFile.extraction.rejectedShare * Double(all)
    }

    /// - Throws: `JobError.tooManyUnscored` if they are more than the job file allows to be left out.
    private func check(
        _ unscored: UnscoredRows, of nets: [JudgedNet], _ entries: [CacheManifest.Entry]
    ) throws {
        let total = entries.reduce(0) { $0 + $1.rows }
        guard unscored.count == 0 || isAllowed(unscored.count, of: total) else {
            throw JobError.tooManyUnscored(
                day: entries[0].day, unscored: unscored.count, of: total, nets: open(unscored, nets),
                example: unscored.example, allowed: jobFile.extraction.rejectedShare)
        }
    }

    /// Returns how many impressions each net leaves open, of those that leave any.
    private func open(_ unscored: UnscoredRows, _ nets: [JudgedNet]) -> String {
        zip(nets, unscored.byNet).filter { $1 > 0 }
            .map { $0.name == $0.arm ? "\($0.name) \($1)" : "\($0.name) net of \($0.arm) \($1)" }
            .joined(separator: ", ")
    }
}

extension ScoredDay {
    /// Every net's figures but the live one's, which belong to another version.
    package func evaluations() throws -> [NetEvaluation] {
        let oracle = truth.isEmpty ? nil : try EvaluationReport.auc(of: truth, labels: labels, space: space)
        return try nets.filter { $0.arm != LiveModel.arm }.map { net in
            NetEvaluation(day: day, arm: net.arm, net: net.name, report: try report(of: net), oracleAUC: oracle)
        }
    }

    /// The live version's figures; nil where it cannot score the day.
    func liveEvaluation(of live: LiveModel?) throws -> LiveEvaluation? {
        guard let live, let net = net(live.served, of: LiveModel.arm) else { return nil }
        return LiveEvaluation(version: live.version, report: try report(of: net))
    }
}

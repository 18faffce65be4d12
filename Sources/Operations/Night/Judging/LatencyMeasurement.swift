import AdLogs
import Days
import Evaluation
import Features
import Foundation
import JobFile
import Logging
import RocketLaunching
import RocketServing
import Runs
import Training

/// Measures latencies of nets as a server calls them.
struct LatencyMeasurement {
    private let context: JobContext
    private let databases: Databases
    private let recorder: RunRecorder

    init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder) {
        (self.context, self.databases, self.recorder) = (context, databases, recorder)
    }

    /// Measures how long all nets take for requests as a server gets them: raw values of impressions of the evaluated
    /// day, hashed and scored by `Ranker`, for each configured number of candidates. The columns of `request_columns`
    /// are read from the request, which is the first impression, the others from each candidate.
    ///
    /// - Parameter training: the first day that was trained on.
    func measure(_ trained: CoTrainedModel, on day: Day, training: Day) throws -> [LatencyReport] {
        let branches = (trained.lightNets + [.booster]).compactMap { net in trained[net].map { (net.name, $0) } }
        guard branches.count > 1, trained.boosterBranch != nil else { return [] }
        let specification = context.jobFile.evaluation.latency
        let features = try ServedFeatures(of: context.jobFile, from: training, databases)
        let scoring = try branches.map { try Ranker(ServingModel($1, features: features), tableBytes: 0) }
        let sample = try rawSample(of: day, features, rows: specification.batchSizes.max() ?? 0) { row in
            scoring.allSatisfy { (try? $0.outcomes(request: [], candidates: row).allSatisfy(\.isSuccess)) ?? false }
        }
        guard !sample.isEmpty else {
            context.log.warning("no latency report: \(day) has no impression whose values all can be read")
            return []
        }
        let requestColumns = requestColumns(features)
        let nets = try branches.map { name, branch in
            (name: name, ranker: try Ranker(ServingModel(branch, features: features), requestColumns: requestColumns))
        }
        let sizes = specification.batchSizes
        defer {
            recorder.show(StageProgress(title: "latency", done: sizes.count, total: sizes.count, unit: "batch sizes"))
        }
        return try sizes.enumerated().flatMap { done, size in
            try recorder.progress(StageProgress(title: "latency", done: done, total: sizes.count, unit: "batch sizes"))
            let request = try ServingRequest(sample, candidates: size, nets[0].ranker.encoder)
            var output = [Float](repeating: 0, count: size)
            let probe = LatencyProbe(calls: specification.calls)
            func call(_ net: Int) throws {
                try nets[net].ranker.score(request: request.values, candidates: request.candidates, into: &output)
            }
            let inTurn = try probe.measure(nets.map(\.name), batchSize: size, call: call)
            let paced = try inTurn.enumerated().map { net, report in
                try probe.measurePaced(
                    net: report.net, batchSize: size,
                    callsPerSecond: min(Self.pace, Self.paceShare * 1e6 / report.meanMicroseconds)
                ) { try call(net) }
            }
            return (inTurn + paced).map { report in
                var report = report
                report.cost = trained.cost(ofNet: report.net, batchSize: size, idsPerRow: request.idsPerRow(features))
                return report
            }
        }
    }

    /// Impressions of a day by column, as many as there are rows wanted or fewer; those that cannot be scored are left
    /// out.
    private func rawSample(
        of day: Day, _ features: ServedFeatures, rows: Int, canBeScored: (RawRows) -> Bool
    ) throws -> [[String: RawValue]] {
        let source = databases.source
        let impressions = try RawImpressions(context.jobFile.source, features, on: source)
        var sample: [[String: RawValue]] = []
        try impressions.forEach(
            in: context.logDays.instants(of: day, on: source), limit: rows, on: source
        ) { _, _, values in
            var row = RawRows(columns: impressions.columns)
            try row.append(values)
            guard canBeScored(row) else { return }
            sample.append(Dictionary(uniqueKeysWithValues: zip(impressions.columns, values)))
        }
        return sample
    }

    /// Where the job file does not say which columns come with the request: the time, and the column that GAUC groups
    /// by.
    private func requestColumns(_ features: ServedFeatures) -> Set<String> {
        let columns =
            context.jobFile.evaluation.latency.requestColumns
            ?? [features.timeColumn] + (context.jobFile.evaluation.group.map { [$0] } ?? [])
        return Set(columns).intersection(features.features.compactMap { features.column(of: $0) })
    }

    /// Calls a second where the net keeps up with them.
    private static let pace = 2_000.0
    /// Otherwise this much of what it does back to back: a server that is busy, and not drowning.
    private static let paceShare = 0.7
}

/// A request made of impressions: the first gives what belongs to the request, each is a candidate, and where there are
/// fewer than candidates they come again.
private struct ServingRequest {
    let values: [RawValue]
    let candidates: RawRows
    /// Values that a candidate has in each list, by column.
    private let lengths: [String: Double]

    init(_ sample: [[String: RawValue]], candidates count: Int, _ encoder: FeatureEncoder) throws {
        values = encoder.requestColumns.map { sample[0][$0] ?? .missing }
        // An impression has the request's columns too.
        var rows = RawRows(columns: encoder.candidateColumns, unknownColumns: .ignored)
        var lengths: [String: Int] = [:]
        for row in 0..<count {
            let values = sample[row % sample.count]
            try rows.append(values)
            for (column, value) in values {
                if case .list(let elements) = value { lengths[column, default: 0] += max(1, elements.count) }
            }
        }
        candidates = rows
        self.lengths = lengths.mapValues { Double($0) / Double(max(1, count)) }
    }

    /// Ids per row of each multi-valued feature, by name.
    func idsPerRow(_ served: ServedFeatures) -> [String: Double] {
        Dictionary(
            served.features.compactMap { feature in lengths[feature.column].map { (feature.name, $0) } },
            uniquingKeysWith: { first, _ in first })
    }
}

extension CoTrainedModel {
    /// What a net takes for an example of a batch, all of whose parts are computed for it.
    ///
    /// - Parameter idsPerRow: of the multi-valued fields.
    fileprivate func cost(ofNet net: String, batchSize: Int, idsPerRow: [String: Double]) -> ExampleCost {
        let which: Net = net == Net.booster.name ? .booster : .light(net)
        let embedded = layout.fields.reduce(0.0) { sum, field in
            sum + 4 * (idsPerRow[field.name] ?? 1) * Double(field.dim ?? nets.embeddingDim(of: net))
        }
        return ExampleCost(
            operations: 2 * weights(of: which),
            bytes: embedded + Double(4 * parameters(of: which)) / Double(max(1, batchSize)))
    }
}

extension Result {
    fileprivate var isSuccess: Bool {
        if case .success = self { true } else { false }
    }
}

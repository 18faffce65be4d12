import AdLogs
import Days
import Evaluation
import Extract
import Features
import JobFile
import ModelRegistry
import Postgres
import RocketLaunching
import Runs

/// Both nets' figures on the impressions of each value of the features that the job file names.
struct SliceReports {
    private let jobFile: JobFile
    private let databases: Databases

    /// Slices of a feature that have their own report; the rest share one.
    private static let mostSlices = 50

    init(_ jobFile: JobFile, _ databases: Databases) {
        (self.jobFile, self.databases) = (jobFile, databases)
    }

    func slices(of scored: ScoredDay) throws -> [SliceEvaluation] {
        let nets = scored.nets.filter { $0.arm == Arm.rocket.rawValue }
        let named = jobFile.evaluation.slices
        let names = named.isEmpty ? jobFile.features.features.map(\.name) : named
        return try names.flatMap { name -> [SliceEvaluation] in
            guard let feature = jobFile.features.features.first(where: { $0.name == name }),
                let column = scored.slices[name]
            else { return [] }
            let own = column.commonest(Self.mostSlices)
            let values = try values(of: feature, on: scored.day)
            let parts = own.map { id in (id: UInt32?.some(id), value: values[id]) } + [(id: nil, value: nil)]
            let reports = try nets.map { try column.reports(of: scored, net: $0, own: own) }
            return parts.enumerated().flatMap { index, part in
                zip(nets, reports).compactMap { net, reports in
                    reports[index].map {
                        SliceEvaluation(
                            day: scored.day, net: net.name, feature: name, slice: index + 1, id: part.id,
                            value: part.value, report: $0)
                    }
                }
            }
        }
    }

    /// What the log calls the ids of a feature on a day.
    private func values(of feature: Feature, on day: Day) throws -> [UInt32: String] {
        var values: [UInt32: String] = [FeatureHasher.missing: "missing"]
        switch feature.kind {
        case .hourOfDay: for hour in 0..<24 { values[UInt32(1 + hour)] = "\(hour)" }
        case .dayOfWeek:
            for (index, name) in ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"].enumerated() {
                values[UInt32(1 + index)] = name
            }
        case .bucketed, .history:
            let learned = try databases.extraction.learnedFeatures(from: day).features.first { $0.name == feature.name }
            let edges = (learned?.boundaries ?? []).map { "\($0)" }
            for bucket in 0...edges.count {
                let low = bucket == 0 ? "" : "above \(edges[bucket - 1])"
                let high = bucket == edges.count ? "" : "up to \(edges[bucket])"
                values[UInt32(1 + bucket)] = [low, high].filter { !$0.isEmpty }.joined(separator: ", ")
            }
        case .categorical, .multiValued:
            let hasher = FeatureHasher(feature)
            for text in try commonestTexts(of: feature, on: day) {
                let id = hasher.id(text)
                values[id] = values[id].map { "\($0), \(text)" } ?? text
            }
        case .numeric, .cross: break
        }
        return values
    }

    /// The commonest values of a column on a day, as the hash sees them.
    private func commonestTexts(of feature: Feature, on day: Day) throws -> [String] {
        let source = databases.source
        let range = try LogDays(jobFile.source).instants(of: day, on: source)
        let impressions = try jobFile.source.impressions(as: "i", on: source)
        let time = impressions.time
        let column = "i.\(try source.quoteIdentifier(feature.column))"
        let value = feature.kind == .multiValued ? "unnest(\(column))::text" : "\(column)::text"
        return try source.execute(
            """
            SELECT day.value FROM (
                SELECT \(value) AS value FROM \(impressions.relation)
                WHERE \(time) >= $1::text::timestamptz AND \(time) < $2::text::timestamptz AND \(impressions.condition)
            ) AS day WHERE day.value IS NOT NULL GROUP BY day.value ORDER BY count(*) DESC, day.value LIMIT 1000
            """,
            [.text(range.lowerBound.description), .text(range.upperBound.description)]
        ).map { try $0.text("value") }
    }
}

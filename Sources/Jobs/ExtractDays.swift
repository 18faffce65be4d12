import AdLogs
import Days
import Extract
import Logging

extension JobSession {
    /// `rocket extract`: makes the cache files of a range of days valid.
    ///
    /// - Returns: an outcome that did no work when every file was valid already.
    public func extract(days: ClosedRange<Day>, rebuild: Bool) throws -> [ExtractSummary] {
        try locked {
            var summaries: [ExtractSummary] = []
            _ = try run("extract", evaluatedDay: nil) { recorder in
                let mature = try logDays.lastMature(asOf: .now, on: connection)
                guard days.upperBound <= mature else {
                    throw JobError.immature(day: days.upperBound, lastMature: mature)
                }
                let present = try logDays.present(in: days, on: connection)
                guard !present.isEmpty else {
                    throw JobError.noImpressions(day: days.lowerBound, table: jobFile.source.impressions.table)
                }
                for day in present {
                    summaries.append(try cached(day, recorder: recorder, rebuild: rebuild))
                }
                return RunOutcome(didWork: summaries.contains { $0.built }, version: nil)
            }
            return summaries
        }
    }

    /// The day's valid cache file, built now if need be.
    func cached(_ day: Day, recorder: RunRecorder, rebuild: Bool = false) throws -> ExtractSummary {
        let extractor = DayExtractor(
            specification: extraction, directory: jobFile.cacheDirectory, model: jobFile.model,
            builderVersion: ProgramVersion.current)
        if !rebuild, let entry = try extractor.valid(day, manifest: manifest) {
            return ExtractSummary(entry: entry, attribution: nil)
        }
        if !rebuild, try manifest.entry(specificationHash: extraction.hash, day: day) != nil {
            log.warning("\(day): the cache file is missing or damaged; building it again")
        }
        let extracted = try recorder.stage(
            "extract", detail: day.description, size: { ($0.entry.rows, $0.entry.bytes) }
        ) {
            try extractor.extract(day, on: connection, manifest: manifest) { rows in
                progress(StageProgress(title: "extract \(day)", done: rows, total: nil, unit: "rows"))
            }
        }
        let counts = extracted.attribution
        log.info(
            """
            extracted \(day): \(extracted.entry.rows) impressions, \(extracted.entry.clicks) clicked; \
            \(counts.duplicates) duplicate, \(counts.late) late, \(counts.early) early, \(counts.orphans) orphan clicks
            """)
        return ExtractSummary(entry: extracted.entry, attribution: counts)
    }
}

/// What became of one day.
public struct ExtractSummary: Sendable {
    public var entry: CacheManifest.Entry
    /// Nil when the file was valid already.
    public var attribution: AttributionCounts?

    public var built: Bool { attribution != nil }
}

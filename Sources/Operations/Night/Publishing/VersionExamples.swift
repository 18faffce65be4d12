import AdLogs
import Days
import Features
import JobFile
import Logging
import ModelRegistry
import Nets
import RocketServing
import Runs

/// Impressions with their ids and probabilities, by which a program that serves a version tests itself.
struct VersionExamples {
    private let context: JobContext
    private let databases: Databases

    init(_ context: JobContext, _ databases: Databases) {
        (self.context, self.databases) = (context, databases)
    }

    /// - Parameters:
    ///   - history: The table that the version's histories are read from.
    ///   - day: Of the impressions. The same log gives the same examples.
    func artifact(
        of branch: Branch, _ features: ServedFeatures, _ history: ServedHistory?, on day: Day
    ) throws -> Artifact {
        var model = try ServingModel(branch, features: features)
        if let history { model = try model.with(history) }
        let examples = try ServingExamples(of: model, rows: impressions(of: day, features))
        context.log.debug("\(day): \(examples.count) rows in \(ServingExamples.fileName)")
        return Artifact(name: Artifact.examples, bytes: Array(examples.text.utf8))
    }

    /// Returns impressions from the whole day: three of the earliest ones of each of its sixths, so that no more than
    /// these are read.
    private func impressions(of day: Day, _ features: ServedFeatures) throws -> [[RawValue]] {
        let source = databases.source
        let impressions = try RawImpressions(context.jobFile.source, features, on: source)
        let range = try context.logDays.instants(of: day, on: source)
        let start = range.lowerBound.microseconds
        let length = range.upperBound.microseconds - start
        func instant(_ part: Int64) -> Instant { Instant(microseconds: start + length * part / Self.parts) }
        var rows: [[RawValue]] = []
        for part in 0..<Self.parts {
            var found: [[RawValue]] = []
            try impressions.forEach(
                in: instant(part)..<instant(part + 1), limit: Self.read, breaksTies: true, on: source
            ) { _, _, values in found.append(values) }
            let step = max(1, found.count / Self.rowsOfPart)
            rows += stride(from: 0, to: found.count, by: step).prefix(Self.rowsOfPart).map { found[$0] }
        }
        return rows
    }

    private static let parts: Int64 = 6
    private static let rowsOfPart = 3
    private static let read = 60
}

import Days
import Extract
import Runs

/// What a night begins with.
struct PlannedNight {
    /// The night, with only the days after its parent's.
    let night: Night
    let parent: WarmStart?
}

/// The cached rows of a night.
package struct NightData {
    package let night: Night
    /// The version that the night continues.
    let parent: WarmStart?
    /// Cache files in time order.
    package let training, evaluation: [CacheManifest.Entry]
}

/// Makes a night's cache files valid, and makes sure that they can be trained on.
package struct NightExtraction {
    private let context: JobContext
    private let extraction: DayExtraction

    package init(_ context: JobContext, _ databases: Databases, _ recorder: RunRecorder) {
        self.context = context
        extraction = DayExtraction(context, databases, recorder)
    }

    func extract(_ plan: PlannedNight) throws -> NightData {
        let night = plan.night
        let days = try extraction.usable(night.trainingDays + [night.evaluatedDay])
        let training = days.filter { $0.day != night.evaluatedDay }.flatMap(\.entries)
        let evaluation = days.filter { $0.day == night.evaluatedDay }.flatMap(\.entries)
        try checkClasses(training, days: night.trained)
        return NightData(night: night, parent: plan.parent, training: training, evaluation: evaluation)
    }

    /// Extracts a night that trains from scratch.
    package func extract(_ night: Night) throws -> NightData {
        context.nameMissing(night.missingDays)
        return try extract(PlannedNight(night: night, parent: nil))
    }

    /// Extracts a night's training days only: its evaluated day is not read.
    package func trainingRows(of night: Night) throws -> [CacheManifest.Entry] {
        context.nameMissing(night.missingDays)
        let entries = try extraction.usable(night.trainingDays).flatMap(\.entries)
        try checkClasses(entries, days: night.trained)
        return entries
    }

    /// Both classes must be there.
    private func checkClasses(_ entries: [CacheManifest.Entry], days: ClosedRange<Day>) throws {
        let rows = entries.reduce(0) { $0 + $1.rows }
        let clicks = entries.reduce(0) { $0 + $1.clicks }
        guard clicks > 0, clicks < rows else { throw JobError.oneClass(days: days, rows: rows, clicks: clicks) }
    }
}

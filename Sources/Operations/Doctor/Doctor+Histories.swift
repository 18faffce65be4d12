import AdLogs
import Days
import Extract
import Features
import JobFile
import Postgres

extension Doctor {
    /// Whether the log is as long as the windows of the job's histories.
    static func histories(_ job: JobFile, on connection: Connection) throws -> [Finding] {
        let days = LogDays(job.source)
        let numbers = job.features.histories.compactMap(\.history)
        let mature = try days.lastMature(asOf: .now, on: connection)
        guard !numbers.isEmpty, let newest = try days.newest(before: mature.advanced(by: 1), on: connection),
            let oldest = try days.oldest(on: connection)
        else { return [] }
        var findings: [Finding] = []
        var named: Set<String> = []
        for number in numbers where named.insert("\(number.feature) \(number.window.suffix)").inserted {
            let subject = "\(number.feature), \(number.window.suffix)"
            let first = newest.advanced(by: number.days.lowerBound)
            if oldest <= first {
                findings.append(.ok(.logs, subject, "the log has all \(number.window.days) days before \(newest)"))
                continue
            }
            let counted = max(0, oldest.distance(to: newest.advanced(by: number.days.upperBound)) + 1)
            findings.append(
                .warning(
                    .logs, subject,
                    "the log begins on \(oldest): of the \(number.window.days) days before \(newest) that it counts, the log "
                        + "has \(counted)",
                    fix: "nothing, if the log grows: the window is whole from "
                        + "\(oldest.advanced(by: -number.days.lowerBound)) on; or write fewer days"))
        }
        if let finding = trainedWithout(numbers, job, newest: newest, oldest: oldest) { findings.append(finding) }
        return findings
    }

    /// Training days on which no history knows anything yet.
    private static func trainedWithout(
        _ numbers: [HistoryNumber], _ job: JobFile, newest: Day, oldest: Day
    ) -> Finding? {
        let lag = numbers.map(\.lag).min() ?? 1
        let first = max(oldest, newest.advanced(by: -job.training.window.days))
        let known = oldest.advanced(by: lag)
        guard first < known, first < newest else { return nil }
        let count = first.distance(to: min(known, newest))
        return .warning(
            .logs, "histories",
            "a night on \(newest) trains on \(count) day\(count == 1 ? "" : "s") from \(first) on before which the log has no "
                + "mature day: their histories are missing",
            fix: "training.window_days: \(max(1, known.distance(to: newest))), or wait until the log is longer")
    }
}

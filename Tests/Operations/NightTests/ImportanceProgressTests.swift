import Foundation
import JobFile
import Logging
import Night
import OperationsSupport
import Runs
import TestSupport
import Testing

/// The stage that finds out what drives a net, as somebody who waits for it sees it.
@Suite struct ImportanceProgressTests {
    private final class Seen {
        var steps: [StageProgress] = []
    }

    /// Runs a night, and hands over each step of its progress.
    private static func night(
        _ url: String, _ job: String, _ interruption: Interruption, _ progress: @escaping ProgressHandler
    ) throws -> RunOutcome {
        let context = try JobContext(JobFile(path: job), log: TestJob.log, interruption: interruption)
        return try Nightly(OpenJob(context, .named(url), progress: progress)).run(
            asOf: .instant("2026-01-08 01:00+00"))
    }

    @Test("Reading the day's sample and each feature are seen, and the last step is the end")
    func progress() throws {
        try TestJob.withJob { url, job in
            let seen = Seen()
            _ = try Self.night(url, job, Interruption()) { seen.steps.append($0) }
            let sample = seen.steps.filter { $0.title == "importance, sample" }
            #expect(sample.last?.done == 4_000 && sample.last?.total == 4_000 && sample.last?.unit == "rows")
            let features = seen.steps.filter { $0.title == "importance" }
            #expect(features.map(\.done) == Array(0...4) && features.allSatisfy { $0.total == 4 })
        }
    }

    @Test("A wish to stop while the day is read ends the night, and the next run makes the version")
    func stop() throws {
        try TestJob.withJob { url, job in
            let interruption = Interruption()
            let error = #expect(throws: JobError.self) {
                _ = try Self.night(url, job, interruption) {
                    if $0.title == "importance, sample" { interruption.request(signal: SIGTERM) }
                }
            }
            if case .interrupted? = error {} else { Issue.record("\(String(describing: error))") }
            let connection = try TestDatabase.connect(url)
            #expect(try connection.execute("SELECT FROM rocket.model_versions").isEmpty)
            #expect(
                try connection.execute(
                    "SELECT FROM rocket.run_stages WHERE name = 'importance'"
                ).count == 1)
            #expect(try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00")).version != nil)
        }
    }
}

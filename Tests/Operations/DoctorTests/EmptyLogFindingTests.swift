import Doctor
import Foundation
import OperationsSupport
import TestSupport
import Testing

/// `rocket doctor` before there are logs.
@Suite("Doctor on an empty log") struct EmptyLogFindingTests {
    @Test("An empty log is one finding that says what to do first, whether or not it has the job's columns yet")
    func once() throws {
        try TestDatabase.run { url in
            try withTemporaryFolder { folder in
                let quickstart = try String(
                    contentsOfFile: "\(TestDatabase.repository)/jobs/quickstart.yaml", encoding: .utf8)
                let job = "\(folder)/job.yaml"
                try (quickstart + "\ncache: {directory: \(folder)/cache}\n").write(
                    toFile: job, atomically: true, encoding: .utf8)
                func complaints() -> [Finding] {
                    DoctorTests.examine(url, job: job).filter { $0.state != .ok && [.job, .logs].contains($0.topic) }
                }
                func expectEmpty() {
                    let found = complaints()
                    #expect(found.map(\.subject) == ["ad_log.impressions"], "\(found)")
                    #expect(found.first?.found == "no rows yet" && found.first?.state == .warning)
                    #expect(found.first?.fix?.contains("rocket sample-logs --help") == true)
                }
                // Without gender, city and the other columns of generated logs.
                expectEmpty()
                let connection = try TestDatabase.connect(url)
                _ = try RocketProgram.rocket(
                    ["sample-logs", "--quiet", "--days", "1", "--impressions", "500"], database: url)
                #expect(!complaints().contains { $0.found == "no rows yet" })
                try connection.script("TRUNCATE ad_log.impressions, ad_log.clicks")
                expectEmpty()
                // Whoever fills the table without them is told.
                try connection.script(
                    """
                    ALTER TABLE ad_log.impressions DROP COLUMN gender CASCADE;
                    SELECT ad_log.ensure_day_partitions('ad_log.impressions', '2026-01-05', '2026-01-05');
                    INSERT INTO ad_log.impressions (impression_id, impressed_at) VALUES ('a', '2026-01-05 01:00+00')
                    """)
                #expect(complaints().contains { $0.topic == .job && $0.found.contains("no column ‘gender’") })
            }
        }
    }
}

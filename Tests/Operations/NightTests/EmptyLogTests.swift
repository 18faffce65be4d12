import Foundation
import OperationsSupport
import TestSupport
import Testing

/// A job whose logs are still to come.
@Suite struct EmptyLogTests {
    @Test(
        "An empty log without the job's columns is one line and code 5; once it has rows, the columns are what is wrong"
    )
    func columns() throws {
        try TestDatabase.run { url in
            try withTemporaryFolder { folder in
                let quickstart = try String(
                    contentsOfFile: "\(TestDatabase.repository)/jobs/quickstart.yaml", encoding: .utf8)
                let job = "\(folder)/job.yaml"
                try (quickstart + "\ncache: {directory: \(folder)/cache}\n").write(
                    toFile: job, atomically: true, encoding: .utf8)
                func night() throws -> RocketProgram.Result {
                    try RocketProgram.rocket(["nightly", "--quiet", "--job", job], database: url)
                }
                let empty = try night()
                #expect(empty.code == 5 && empty.errors.contains("ad_log.impressions is empty"), "\(empty.errors)")
                #expect(!empty.errors.contains("no column"), "\(empty.errors)")

                try TestDatabase.connect(url).script(
                    """
                    SELECT ad_log.ensure_day_partitions('ad_log.impressions', '2026-01-05', '2026-01-05');
                    INSERT INTO ad_log.impressions (impression_id, impressed_at) VALUES ('a', '2026-01-05 01:00+00')
                    """)
                let filled = try night()
                #expect(filled.code == 6 && filled.errors.contains("has no column ‘gender’"), "\(filled.errors)")
            }
        }
    }
}

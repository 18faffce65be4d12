import CounterRandom
import Foundation
import OperationsSupport
import TestSupport
import Testing

/// An extraction that is killed at any moment leaves no half day, and the next one writes the same bytes. The long form
/// is `ROCKET_TEST_KILLS=50 jobs/test --filter ExtractionKill`.
@Suite struct ExtractionKillTests {
    static let kills = ProcessInfo.processInfo.environment["ROCKET_TEST_KILLS"].flatMap { Int($0) } ?? 8

    @Test("Killed at random moments and started again, an extraction gives the files of an undisturbed one")
    func killed() throws {
        try TestJob.withJob { url, job in
            let arguments = [
                "extract", "--quiet", "--job", job, "--day", "2026-01-05", "--to", "2026-01-07", "--rebuild",
            ]
            func checksums() throws -> [String] {
                try TestDatabase.connect(url).execute(
                    "SELECT day || ' ' || part || ' ' || checksum AS line FROM rocket.cache_manifest ORDER BY day, part"
                ).map { try $0.text("line") }
            }
            let start = ContinuousClock.now
            #expect(try RocketProgram.rocket(arguments, database: url).code == 0)
            let whole = (ContinuousClock.now - start) / .seconds(1)
            let undisturbed = try checksums()
            #expect(undisturbed.count == 12)
            var random = CounterRandom(seed: 4)
            for _ in 0..<Self.kills {
                let process = try RocketProgram.started(arguments, database: url)
                Thread.sleep(forTimeInterval: random.uniform() * whole)
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                // Whatever stands in the manifest is whole.
                #expect(try checksums() == undisturbed)
                for row in try TestDatabase.connect(url).execute("SELECT path FROM rocket.cache_manifest") {
                    let path = try row.text("path")
                    #expect(try RocketProgram.rocket(["cache", "verify", path], database: url).code == 0)
                }
            }
            #expect(try RocketProgram.rocket(arguments, database: url).code == 0)
            #expect(try checksums() == undisturbed)
            let prune = ["cache", "prune", "--quiet", "--job", job]
            #expect(try RocketProgram.rocket(prune, database: url).code == 0)
            #expect(try RocketProgram.rocket(prune, database: url).output.contains("removed 0 files"))
        }
    }
}

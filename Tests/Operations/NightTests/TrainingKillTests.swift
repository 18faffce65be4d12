import CounterRandom
import Foundation
import OperationsSupport
import TestSupport
import Testing

/// A training that is killed goes on from its checkpoint and ends with the same weights. The long form is
/// `ROCKET_TEST_KILLS=50 jobs/test --filter TrainingKill`.
@Suite struct TrainingKillTests {
    @Test("Killed in training and started again, a night makes one version, with the weights of an undisturbed one")
    func killed() throws {
        let long = { (text: String) in
            text.replacing("batch_size: 128}", with: "batch_size: 128, epochs: 40, checkpoint_minutes: 0.0005}")
        }
        try TestJob.withJob(change: long) { url, job in
            let other = job.replacing("job.yaml", with: "killed.yaml")
            try String(contentsOfFile: job, encoding: .utf8).replacing("model: test", with: "model: killed")
                .write(toFile: other, atomically: true, encoding: .utf8)
            func nightly(_ job: String) -> [String] { ["nightly", "--job", job, "--as-of", "2026-01-08T01:00Z"] }
            func hashes() throws -> [String] {
                try TestDatabase.connect(url).execute(
                    """
                    SELECT a.sha256 FROM rocket.artifacts a JOIN rocket.model_versions v USING (version)
                    WHERE a.name = 'model.safetensors' ORDER BY v.version
                    """
                ).map { try $0.text("sha256") }
            }
            #expect(try RocketProgram.rocket(nightly(job), database: url).code == 0)
            let checkpoints = job.replacing("job.yaml", with: "cache/checkpoints")
            func saved() -> [String] {
                let folders = (try? FileManager.default.contentsOfDirectory(atPath: checkpoints)) ?? []
                return folders.flatMap {
                    (try? FileManager.default.contentsOfDirectory(atPath: "\(checkpoints)/\($0)")) ?? []
                }
            }
            #expect(saved().isEmpty, "a published version needs no checkpoints")
            var random = CounterRandom(seed: 9)
            var killed = 0
            for _ in 0..<ExtractionKillTests.kills {
                let process = try RocketProgram.started(nightly(other), database: url)
                let before = Set(saved())
                // Until it has saved something new, or has ended by itself.
                while process.isRunning, Set(saved()).isSubset(of: before) { usleep(1_000) }
                Thread.sleep(forTimeInterval: random.uniform() * 0.05)
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                if process.terminationReason == .uncaughtSignal { killed += 1 }
            }
            #expect(killed > 0)
            let last = try RocketProgram.rocket(nightly(other), database: url)
            #expect(last.code == 0 || last.code == 3, "\(last.errors)")
            #expect(last.code == 3 || last.errors.contains("resumes from a checkpoint"))
            let versions = try hashes()
            #expect(versions.count == 2 && versions[0] == versions[1])
            #expect(saved().isEmpty)
        }
    }
}

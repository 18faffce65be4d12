import Instructions
import OperationsSupport
import TestSupport
import Testing

/// What `training.instruction_set` promises. Each night is a process, because the matrix library chooses its kernels
/// once in each.
@Suite struct InstructionSetTests {
    private struct Trained: Equatable {
        var weights, instructions: String
    }

    /// Trains a version of its own model, and returns what the database says of it.
    private static func trained(_ model: String, _ more: String, threads: Int, _ url: String, _ job: String) throws
        -> Trained
    {
        let path = job.replacing("job.yaml", with: "\(model).yaml")
        try String(contentsOfFile: job, encoding: .utf8)
            .replacing("model: test", with: "model: \(model)")
            .replacing("batch_size: 128}", with: "batch_size: 128, threads: \(threads)\(more)}")
            .write(toFile: path, atomically: true, encoding: .utf8)
        let night = try RocketProgram.rocket(
            ["nightly", "--job", path, "--as-of", "2026-01-08T01:00Z"], database: url)
        #expect(night.code == 0, "\(night.errors)")
        let rows = try TestDatabase.connect(url).execute(
            """
            SELECT a.sha256, v.training -> 'rocket' ->> 'instructions' AS instructions
            FROM rocket.model_versions v JOIN rocket.artifacts a USING (version)
            WHERE v.model = $1 AND a.name = 'model.safetensors'
            """, [.text(model)])
        let row = try #require(rows.first)
        return Trained(weights: try row.text("sha256"), instructions: try row.text("instructions"))
    }

    @Test(
        "Kept to AVX2, two nights have the same weights, whatever their threads, and the version says AVX2",
        .enabled(if: VectorInstructions.includeAVX2, "this CPU has no AVX2"))
    func capped() throws {
        try TestJob.withJob { url, job in
            let one = try Self.trained("one", ", instruction_set: avx2", threads: 1, url, job)
            let two = try Self.trained("two", ", instruction_set: avx2", threads: 2, url, job)
            #expect(one == two)
            #expect(one.instructions == "AVX2")
            let free = try Self.trained("free", "", threads: 1, url, job)
            #expect(free.instructions == VectorInstructions.name)
        }
    }

    @Test(
        "A CPU that lacks the set ends a night with 6, and no version is made",
        .enabled(if: !VectorInstructions.includeAVX512, "this CPU has AVX-512"))
    func lacking() throws {
        let change = { (text: String) in
            text.replacing("batch_size: 128}", with: "batch_size: 128, instruction_set: avx512}")
        }
        try TestJob.withJob(change: change) { url, job in
            let night = try RocketProgram.rocket(
                ["nightly", "--job", job, "--as-of", "2026-01-08T01:00Z"], database: url)
            #expect(night.code == 6)
            #expect(night.errors.contains("training.instruction_set is avx512, but this CPU has"))
        }
    }
}

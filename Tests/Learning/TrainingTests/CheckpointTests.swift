import FeatureCache
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

@Suite struct CheckpointTests {
    struct Killed: Error {}

    /// Trains up to a step, then dies; what it saved last.
    static func killed(_ arm: Arm, at step: Int, every: Int, resume: [UInt8]?, teacher: CoTrainedModel?) throws
        -> [UInt8]?
    {
        var saved = resume
        var saves = 0
        #expect(throws: Killed.self) {
            try ArmTests.trainer(arm, threads: 2, teacher: teacher).train(
                on: World.source(),
                checkpoints: Checkpoints(every: .zero, resume: resume.map(SavedCheckpoint.init)) { part in
                    saves += 1
                    if saves % every == 0 { saved = part.bytes }
                    return true
                }
            ) { if $0.step == step { throw Killed() } }
        }
        return saved
    }

    @Test(
        "A training that was killed twice ends with the bytes and the curve of an undisturbed one",
        arguments: Arm.allCases)
    func resumes(_ arm: Arm) throws {
        let teacher = try ArmTests.teacher()
        let whole = ArmTests.trainer(arm, teacher: teacher)
        let report = try whole.train(on: World.source()) { _ in }
        // The second death comes soon after the checkpoint, the third process goes on from it.
        let first = try Self.killed(arm, at: 6, every: 2, resume: nil, teacher: teacher)
        let second = try Self.killed(arm, at: 12, every: 3, resume: first, teacher: teacher)
        #expect(first != second)
        let last = ArmTests.trainer(arm, threads: 3, teacher: teacher)
        let resumed = try last.train(
            on: World.source(),
            checkpoints: Checkpoints(every: .seconds(1_000), resume: second.map(SavedCheckpoint.init)) { _ in true }
        ) { _ in }
        #expect(try last.model.safetensors() == whole.model.safetensors())
        #expect(resumed.steps == report.steps && resumed.samples == report.samples)
        #expect(resumed.curve == report.curve && resumed.gradientNorms == report.gradientNorms)
    }

    @Test("A checkpoint of another arm, or no checkpoint at all, is an error and changes nothing")
    func refuses() throws {
        let bytes = try #require(try Self.killed(.booster, at: 3, every: 1, resume: nil, teacher: nil))
        for wrong in [bytes, Array(bytes.dropLast(3)), [1, 2, 3], try World.trainer().model.safetensors()] {
            #expect(throws: SafetensorsError.self) {
                try World.trainer().train(
                    on: World.source(),
                    checkpoints: Checkpoints(every: .seconds(9), resume: SavedCheckpoint(wrong)) { _ in true }
                ) { _ in }
            }
        }
    }
}

import FeatureCache
import Nets
import Testing
import Training
import TrainingSupport

/// What rounding the factors of the matrix products may change, and what it may not.
@Suite(.enabled(if: DenseType.bf16.isSupportedHere, "this CPU has no bf16 instructions"))
struct BFloat16Tests {
    private static let nets = NetSpecification(
        embeddingDim: 4, light: DenseSpecification([6, 4]),
        booster: DenseSpecification([16, 8], activation: .prelu, batchNorm: true, crossLayers: 1, linear: true))

    private static func trainer(
        _ type: DenseType, threads: Int = 1, epochs: Double = 1, ways: FieldWays = .byRows
    ) -> CoTrainer {
        World.trainer(
            threads: threads, epochs: epochs, layout: World.unequalLayout, nets: nets, type: type, ways: ways)
    }

    @Test(
        "Gradients are those of Float32 within a few of bf16's roundings, and not the same",
        arguments: FieldWays.allCases)
    func gradients(_ ways: FieldWays) throws {
        let batch = World.batch(rows: 32, seed: 1)
        let (exact, rounded) = (Self.trainer(.f32), Self.trainer(.bf16, ways: ways))
        func difference(_ values: ([Float], [Float])) -> Float {
            let distance = zip(values.0, values.1).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
            return (distance / values.0.reduce(0) { $0 + $1 * $1 }).squareRoot()
        }
        let (first, second) = try (exact.gradients(of: batch), rounded.gradients(of: batch))
        for values in [(first.light, second.light), (first.booster, second.booster)] {
            let difference = difference((values.0.values, values.1.values))
            #expect(difference > 1e-5 && difference < 0.02, "relative difference \(difference)")
        }
    }

    @Test("The products follow the weights after each step: a training learns as with Float32")
    func learns() throws {
        func last(_ type: DenseType) throws -> TrainingReport.CurvePoint {
            try #require(Self.trainer(type, epochs: 40).train(on: World.source()) { _ in }.curve.last)
        }
        let (exact, rounded) = (try last(.f32), try last(.bf16))
        let (light, booster) = (try #require(exact.lightLoss), try #require(exact.boosterLoss))
        #expect(abs(try #require(rounded.lightLoss) - light) < 0.05 * light)
        #expect(abs(try #require(rounded.boosterLoss) - booster) < 0.05 * booster)
    }

    @Test("Bytes do not depend on the threads, and a resumed training ends the same", arguments: FieldWays.allCases)
    func reproduces(_ ways: FieldWays) throws {
        var saved: [UInt8]?
        let whole = Self.trainer(.bf16, ways: ways)
        _ = try whole.train(
            on: World.source(),
            checkpoints: Checkpoints(every: .zero, resume: nil) { part in
                if saved == nil { saved = part.bytes }
                return true
            }
        ) { _ in }
        let bytes = try whole.model.safetensors()
        for resume in [nil, saved] {
            let other = Self.trainer(.bf16, threads: 3, ways: ways)
            _ = try other.train(
                on: World.source(),
                checkpoints: Checkpoints(every: .seconds(99), resume: resume.map(SavedCheckpoint.init)) { _ in true }
            ) { _ in }
            #expect(try other.model.safetensors() == bytes)
        }
    }
}

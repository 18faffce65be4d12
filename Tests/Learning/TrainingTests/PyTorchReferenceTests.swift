import FeatureCache
import Foundation
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

/// Holds 200 steps of co-training against the values that reference.py computed with PyTorch in Float64.
@Suite struct PyTorchReferenceTests {
    struct Reference: Decodable {
        struct Run: Decodable {
            let hintLoss: HintLoss
            let gradientBlock: GradientBlock
            /// `layers`: embeddings and one layer.
            let sharing: String
            /// Light loss, booster loss and hint of every tenth step.
            let losses: [[Double]]
        }
        let ids: [[UInt32]]
        let labels: [[UInt8]]
        let embedding, boosterEmbedding, light, booster, trunk: [Float]
        let runs: [Run]
    }

    @Test(
        "Losses follow PyTorch's to 1e-5 over 200 steps, for each hint loss, block and sharing",
        arguments: [FieldWays.byRows, .byIDs])
    func follows(_ ways: FieldWays) throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "reference.json")
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let reference = try decoder.decode(Reference.self, from: Data(contentsOf: file))
        #expect(reference.runs.count == 27)
        for run in reference.runs {
            let sharesLayers = run.sharing == "layers"
            let trainer = CoTrainer(
                TrainingPlan(
                    arm: .rocket,
                    layout: InputLayout(fields: [FieldShape(name: "f", rows: 12, multiValued: false)], numerics: []),
                    nets: NetSpecification(
                        embeddingDim: 3, light: sharesLayers ? [3, 4] : [4], booster: sharesLayers ? [3, 6] : [6]),
                    rocket: RocketSpecification(
                        hintLoss: run.hintLoss, hintWeight: 0.7, temperature: 2, gradientBlock: run.gradientBlock,
                        sharing: run.sharing == "nothing" ? .nothing : .embeddings, sharedLayers: sharesLayers ? 1 : 0),
                    training: TrainingSpecification(
                        batches: .init(size: 8, slices: 3), optimisation: Optimisation(embeddingLearningRate: 0.02),
                        machine: .init(threads: 2)), clickRate: 0.5))
            trainer.choose(ways)
            trainer.setWeights(
                embedding: reference.embedding,
                boosterEmbedding: run.sharing == "nothing" ? reference.boosterEmbedding : nil,
                trunk: sharesLayers ? reference.trunk : nil, light: reference.light, booster: reference.booster)
            for step in reference.ids.indices {
                let batch = SparseBatch(
                    labels: reference.labels[step], groups: [UInt64](repeating: 0, count: 8),
                    fields: [.single(reference.ids[step])])
                let losses = try trainer.step(batch, progress: Double(step) / 200)
                guard step % 10 == 0 else { continue }
                for (found, expected) in zip([losses.light, losses.booster, losses.hint], run.losses[step / 10]) {
                    #expect(
                        abs(found - expected) < 1e-5,
                        "\(run.hintLoss) \(run.gradientBlock) \(run.sharing), step \(step)")
                }
            }
        }
    }
}

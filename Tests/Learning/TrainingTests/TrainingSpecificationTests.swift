import Foundation
import Testing
import Training

@Suite struct TrainingSpecificationTests {
    /// Every setting differs from its default.
    static let unusual = TrainingSpecification(
        window: .init(days: 14, start: .incremental), passes: .init(epochs: 2.5, boosterEpochs: 1.5),
        validation: .init(share: 0.25, perEpoch: 4, patience: 2),
        batches: .init(size: 2_048, negativeShare: 0.5, slices: 4, shares: 8),
        optimisation: Optimisation(
            dense: .init(optimiser: .adagrad, learningRate: 0.125, lightLearningRate: 0.375, l2: 0.0625),
            embeddingLearningRate: 0.75, linear: .init(learningRate: 0.625, l1: 0.03125, l2: 0.875),
            schedule: LearningRateSchedule(warmUp: 0.125, decay: .cosine, decayFrom: 0.25, end: 0.5), gradientClip: 5),
        denseType: .bf16, seed: 7, machine: .init(threads: 3, checkpointMinutes: 5))

    @Test("The canonical text is one flat object, as versions before have stored and fingerprinted it")
    func canonicalText() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let text = String(decoding: try encoder.encode(Self.unusual), as: UTF8.self)
        #expect(
            text == """
                {"batchSize":2048,"boosterEpochs":1.5,"checkpointMinutes":5,"denseLearningRate":0.125,\
                "denseOptimiser":"adagrad","denseType":"bf16","embeddingLearningRate":0.75,"epochs":2.5,\
                "gradientClip":5,"l2":0.0625,"lightLearningRate":0.375,"linearL1":0.03125,"linearL2":0.875,\
                "linearLearningRate":0.625,"negativeShare":0.5,"patience":2,"schedule":{"decay":"cosine",\
                "decayFrom":0.25,"end":0.5,"warmUp":0.125},"seed":7,"shares":8,"slices":4,"start":"incremental",\
                "threads":3,"validationShare":0.25,"validationsAnEpoch":4,"windowDays":14}
                """)
    }

    @Test("What is stored is read back, with every optional setting and without")
    func roundTrip() throws {
        var searched = TrainingSpecification()
        searched.passes.search = EpochSearch(budget: 60)
        searched.machine.rankTimeout = .seconds(5)
        searched.instructionSet = .avx2
        for specification in [Self.unusual, searched, TrainingSpecification()] {
            let stored = try JSONEncoder().encode(specification)
            #expect(try JSONDecoder().decode(TrainingSpecification.self, from: stored) == specification)
        }
    }
}

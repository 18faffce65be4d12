import Arrays
import CounterRandom
import FeatureCache
import Foundation
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

@Suite struct GradientTests {
    /// L as a function of the weights, with what is blocked held at `held`; Float64 sums of the nets' own logits.
    static func loss(
        _ trainer: CoTrainer, _ batch: SparseBatch, _ rocket: RocketSpecification, heldBooster: [Double]?,
        includeLight: Bool = true
    ) -> Double {
        let z = trainer.model.light?.logits(batch).map(Double.init) ?? []
        let l = trainer.model.booster?.logits(batch).map(Double.init) ?? []
        return (0..<batch.rows).reduce(0) { sum, row in
            let y = Double(batch.labels[row])
            let terms = rocket.loss(z: z[row], l: heldBooster?[row] ?? l[row], label: y)
            let booster = rocket.loss(z: z[row], l: l[row], label: y).booster.loss
            let light = includeLight ? terms.light.loss + rocket.hintWeight * terms.hint.loss : 0
            return sum + (light + booster) / Double(batch.rows)
        }
    }

    @Test(
        "Every gradient is that of finite differences, for each hint loss, block, sharing and way of the fields",
        arguments: World.specifications, FieldWays.allCases)
    func finiteDifferences(_ rocket: RocketSpecification, _ ways: FieldWays) throws {
        let batch = World.batch(rows: 24, seed: 1)
        let trainer = World.trainer(rocket: rocket, batchSize: 24, ways: ways)
        let gradients = try trainer.gradients(of: batch)
        let l = try #require(trainer.model.booster).logits(batch).map(Double.init)
        let held = rocket.gradientBlock == .none ? nil : l
        func check(_ array: FloatArray, _ found: (Int) -> Float, includeLight: Bool = true, _ what: String) {
            for index in stride(from: 0, to: array.count, by: max(1, array.count / 25)) {
                let value = array[index]
                let step: Float = 2e-3
                func loss(at moved: Float) -> Double {
                    array[index] = moved
                    return Self.loss(trainer, batch, rocket, heldBooster: held, includeLight: includeLight)
                }
                let (above, here, below) = (loss(at: value + step), loss(at: value), loss(at: value - step))
                array[index] = value
                // Where a step crosses a corner of ReLU, the slope of one side is the derivative.
                let slopes = [(above - below) / 2, above - here, here - below].map { $0 / Double(step) }
                let error = slopes.map { abs(Double(found(index)) - $0) }.min() ?? .infinity
                #expect(error < 1e-3 + 0.02 * abs(slopes[0]), "\(what) \(index)")
            }
        }
        check(gradients.lightParameters, { gradients.light[$0] }, "W_L")
        check(gradients.boosterParameters, { gradients.booster[$0] }, "W_B")
        // In the third mode the shared part learns from the booster alone.
        let includeLight = rocket.gradientBlock != .logitsAndSharedInput || rocket.sharing != .embeddings
        check(gradients.embedding(0), { gradients.embeddingGradient(0, $0) }, includeLight: includeLight, "W_S")
    }

    @Test(
        "The hint leaves W_B alone exactly when it is blocked, and reaches W_L always",
        arguments: GradientBlock.allCases)
    func proof(_ block: GradientBlock) throws {
        let trainer = World.trainer(
            rocket: RocketSpecification(
                hintLoss: .logitMSE, hintWeight: 0.5, gradientBlock: block, sharing: .embeddings))
        let report = try trainer.train(on: World.source()) { _ in }
        #expect(report.gradientNorms.count > 10 && report.gradientNorms.prefix(3).map(\.step) == [1, 2, 3])
        for norms in report.gradientNorms {
            let (light, booster, hint) = try (
                #require(norms.light), #require(norms.booster), #require(norms.hint)
            )
            #expect((hint.booster == 0) == (block != .none) && hint.light > 0)
            #expect(light.booster == 0 && light.light > 0 && booster.light == 0 && booster.booster > 0)
            // What is shared learns from the booster alone in the third mode.
            #expect((light.shared == 0) == (block == .logitsAndSharedInput) && booster.shared > 0)
            #expect((hint.shared == 0) == (block == .logitsAndSharedInput))
        }
        #expect(report.hintWeight == 0.5 && report.curve.allSatisfy { ($0.hint ?? 0) > 0 })
    }
}

@Suite struct ArmTests {
    /// A booster that was trained before.
    static func teacher() throws -> CoTrainedModel {
        let trainer = World.trainer(.booster, epochs: 5)
        _ = try trainer.train(on: World.source()) { _ in }
        return trainer.model
    }

    static func trainer(_ arm: Arm, threads: Int = 1, teacher: CoTrainedModel?) -> CoTrainer {
        CoTrainer(
            TrainingPlan(
                arm: arm, layout: World.layout, nets: World.nets,
                rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 0.5, temperature: 2, sharing: .embeddings),
                training: TrainingSpecification(
                    batches: .init(size: 32, slices: 4), seed: 5, machine: .init(threads: threads)), clickRate: 0.3),
            teacher: teacher)
    }

    @Test(
        "Each arm trains its nets, tells its terms, and its bytes do not depend on the threads", arguments: Arm.allCases
    )
    func arms(_ arm: Arm) throws {
        let teacher = try Self.teacher()
        let before = try teacher.safetensors()
        func run(_ threads: Int) throws -> (CoTrainedModel, TrainingReport) {
            let trainer = Self.trainer(arm, threads: threads, teacher: teacher)
            let report = try trainer.train(on: World.source()) { _ in }
            return (trainer.model, report)
        }
        let (model, report) = try run(1)
        #expect(try run(3).0.safetensors() == model.safetensors())
        #expect(try teacher.safetensors() == before, "the teacher stands still")
        #expect((model.light != nil) == (arm != .booster))
        #expect((model.booster != nil) == (arm != .light && !arm.needsTeacher))
        let isAlone = arm == .light || arm == .booster
        let norms = try #require(report.gradientNorms.first)
        #expect((norms.hint == nil) == isAlone && (report.hintWeight == 0) == isAlone)
        #expect(norms.light == nil || norms.hint == nil || (norms.hint?.light ?? 0) > 0)
        #expect((norms.hint?.booster ?? 0 > 0) == (arm == .rocketWithoutBlock))
        #expect(report.curve.allSatisfy { ($0.hint != nil) == !isAlone })
    }

    @Test("The gradient of rocket with distillation is that of finite differences, and differs from rocket's")
    func distillationBesideTheHint() throws {
        let batch = World.batch(rows: 24, seed: 1)
        let trainer = Self.trainer(.rocketAndDistillation, teacher: nil)
        let gradients = try trainer.gradients(of: batch)
        let held = try #require(trainer.model.booster).logits(batch).map(Double.init)
        let rocket = RocketSpecification(hintLoss: .logitMSE, hintWeight: 0.5, temperature: 2, sharing: .embeddings)
        let softened = RocketSpecification(
            hintLoss: .distillation, hintWeight: 0.5, temperature: 2, sharing: .embeddings)
        func loss() throws -> Double {
            let z = try #require(trainer.model.light).logits(batch).map(Double.init)
            return (0..<24).reduce(0) { sum, row in
                let y = Double(batch.labels[row])
                let (hint, soft) = (
                    rocket.loss(z: z[row], l: held[row], label: y), softened.loss(z: z[row], l: held[row], label: y)
                )
                return sum + (hint.light.loss + 0.5 * hint.hint.loss + 0.5 * soft.hint.loss) / 24
            }
        }
        var checked = 0
        for index in stride(from: 0, to: gradients.lightParameters.count, by: 7) {
            let value = gradients.lightParameters[index]
            gradients.lightParameters[index] = value + 1e-3
            let above = try loss()
            gradients.lightParameters[index] = value - 1e-3
            let below = try loss()
            gradients.lightParameters[index] = value
            let slope = (above - below) / 2e-3
            if abs(Double(gradients.light[index]) - slope) < 1e-3 + 0.02 * abs(slope) { checked += 1 }
        }
        // A step across a corner of ReLU may spoil one of them.
        #expect(checked >= gradients.lightParameters.count / 7 - 1)
    }

    @Test("An arm that learns from a trained booster is an error without one")
    func noTeacher() {
        #expect(throws: TrainingError.noTeacher(.distillation)) {
            try Self.trainer(.distillation, teacher: nil).train(on: World.source()) { _ in }
        }
    }

    @Test("λ rises over the warm-up: with one as long as the run the hint's pull is weaker, with none it is constant")
    func warmUp() throws {
        func distance(_ warmUp: Double, weight: Double = 3) throws -> Double {
            let trainer = World.trainer(
                rocket: RocketSpecification(
                    hintLoss: .logitMSE, hintWeight: weight, hintWarmUp: warmUp, sharing: .embeddings))
            return try #require(trainer.train(on: World.source()) { _ in }.curve.last?.hint)
        }
        #expect(try distance(0) != distance(1))
        // The first step of a warm-up has no hint at all.
        let trainer = World.trainer(
            rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 3, hintWarmUp: 1, sharing: .embeddings))
        let plain = World.trainer(rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 0, sharing: .embeddings))
        let batch = World.batch(rows: 32, seed: 3)
        _ = try (trainer.step(batch, progress: 0), plain.step(batch, progress: 0))
        #expect(trainer.model.light?.logits(batch) == plain.model.light?.logits(batch))
    }
}

@Suite struct CoTrainerTests {
    @Test(
        "The bytes of the weights do not depend on the number of threads, nor on the run",
        arguments: World.specifications, FieldWays.allCases)
    func determinism(_ rocket: RocketSpecification, _ ways: FieldWays) throws {
        func bytes(_ threads: Int) throws -> [UInt8] {
            let trainer = World.trainer(rocket: rocket, threads: threads, epochs: 2, ways: ways)
            _ = try trainer.train(on: World.source()) { _ in }
            return try trainer.model.safetensors()
        }
        let one = try bytes(1)
        for threads in [1, 2, 3] { #expect(try bytes(threads) == one) }
    }

    @Test(
        "Weights read back from safetensors score bit for bit alike", arguments: [Arm.rocket, .light, .booster],
        Sharing.allCases)
    func safetensors(_ arm: Arm, _ sharing: Sharing) throws {
        let trainer = World.trainer(arm, rocket: RocketSpecification(sharing: sharing))
        _ = try trainer.train(on: World.source()) { _ in }
        let batch = World.batch(rows: 700, seed: 9)
        let read = try CoTrainedModel(safetensors: try trainer.model.safetensors())
        #expect(read.light?.logits(batch) == trainer.model.light?.logits(batch))
        #expect(read.booster?.logits(batch) == trainer.model.booster?.logits(batch))
        #expect((read.light == nil) == (arm == .booster) && (read.booster == nil) == (arm == .light))
    }

    @Test("A row's score does not depend on the rows scored with it")
    func independence() throws {
        let trainer = World.trainer()
        _ = try trainer.train(on: World.source()) { _ in }
        let batch = World.batch(rows: 40, seed: 11)
        let scorer = try #require(trainer.model.light)
        let all = scorer.logits(batch)
        for row in 0..<40 { #expect(abs(scorer.logits(batch.selecting(rows: [row]))[0] - all[row]) < 1e-5) }
    }

    @Test("Training learns a rule: both nets' loss falls well below that of guessing")
    func learns() throws {
        let trainer = World.trainer(epochs: 60)
        let report = try trainer.train(on: World.source()) { _ in }
        let (first, last) = (try #require(report.curve.first), try #require(report.curve.last))
        #expect(try #require(last.lightLoss) < 0.5 * #require(first.lightLoss))
        #expect(try #require(last.boosterLoss) < 0.5 * #require(first.boosterLoss))
    }

    @Test("With λ = 0 the rocket's booster alone trains as without a hint")
    func zeroWeight() throws {
        func booster(_ loss: HintLoss) throws -> [Float] {
            let trainer = World.trainer(
                rocket: RocketSpecification(hintLoss: loss, hintWeight: 0, sharing: .embeddings))
            _ = try trainer.train(on: World.source()) { _ in }
            return try #require(trainer.model.booster).logits(World.batch(rows: 20, seed: 2))
        }
        #expect(try booster(.logitMSE) == booster(.probabilityMSE))
    }

    @Test("A loss that is not finite stops training and says where")
    func notFinite() {
        let trainer = CoTrainer(
            TrainingPlan(
                arm: .rocket, layout: World.layout, nets: World.nets,
                rocket: RocketSpecification(hintLoss: .logitMSE, sharing: .embeddings),
                training: TrainingSpecification(
                    batches: .init(size: 32), optimisation: Optimisation(dense: .init(learningRate: 1e30)),
                    machine: .init(threads: 1)), clickRate: 0.3))
        #expect(throws: TrainingError.self) { try trainer.train(on: World.source()) { _ in } }
    }

    @Test("An extreme number that ruins the loss is named by its feature and its batch")
    func extremeNumber() throws {
        var batch = World.batch(rows: 32, seed: 4)
        batch.numerics[0][7] = 3e38
        let source = TrainingSource(rows: 32, clicks: 16, blocks: [{ [batch] in batch }])
        let error = #expect(throws: TrainingError.self) { try World.trainer().train(on: source) { _ in } }
        guard case .notFinite(1, _, let cause) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(cause.contains("numeric feature n"))
    }

    @Test("A single step that ruins the weights is an error too, though its losses were fine")
    func ruinedWeights() {
        let trainer = CoTrainer(
            TrainingPlan(
                arm: .rocket, layout: World.layout, nets: World.nets,
                rocket: RocketSpecification(hintLoss: .logitMSE, sharing: .embeddings),
                training: TrainingSpecification(
                    batches: .init(size: 500), optimisation: Optimisation(embeddingLearningRate: .infinity),
                    machine: .init(threads: 1)), clickRate: 0.3))
        #expect(throws: TrainingError.notFinite(step: 1, term: "weights", cause: "the embeddings of a")) {
            try trainer.train(on: World.source()) { _ in }
        }
    }

    @Test("A batch larger than the shuffling pool ends, with every row once")
    func largeBatches() throws {
        let block = SparseBatch(
            labels: (0..<60_000).map { UInt8($0 % 2) }, groups: [UInt64](repeating: 0, count: 60_000),
            fields: [.single((0..<60_000).map { UInt32($0 % 4) })])
        let trainer = CoTrainer(
            TrainingPlan(
                arm: .light,
                layout: InputLayout(fields: [FieldShape(name: "f", rows: 4, multiValued: false)], numerics: []),
                nets: NetSpecification(embeddingDim: 1, light: [1], booster: [1]),
                rocket: RocketSpecification(hintLoss: .logitMSE, sharing: .embeddings),
                training: TrainingSpecification(batches: .init(size: 350_000), machine: .init(threads: 2)),
                clickRate: 0.5))
        let report = try trainer.train(
            on: TrainingSource(rows: 600_000, clicks: 300_000, blocks: (0..<10).map { _ in { block } })
        ) { _ in }
        #expect(report.samples == 600_000 && report.steps == 2)
    }

    @Test(
        "Trained on a fifth of the unclicked rows, every arm still predicts the click rate of the log",
        arguments: [Arm.rocket, .light, .booster, .distillation])
    func negativeSampling(_ arm: Arm) throws {
        // Clicks depend on field a: 4 % and 12 %.
        let blocks = (0..<10).map { number in
            var random = CounterRandom(seed: 77, stream: UInt64(number))
            let ids = (0..<4_000).map { _ in UInt32(random.next() % 2) }
            return SparseBatch(
                labels: ids.map { random.uniform() < ($0 == 0 ? 0.04 : 0.12) ? 1 : 0 },
                groups: ids.map { _ in 0 }, fields: [.single(ids)])
        }
        let clicks = blocks.reduce(0) { $0 + $1.labels.reduce(0) { $0 + Int($1) } }
        let source = TrainingSource(rows: 40_000, clicks: clicks, blocks: blocks.map { block in { block } })
        func train(_ arm: Arm, share: Double, teacher: CoTrainedModel?) throws -> (CoTrainedModel, TrainingReport) {
            let trainer = CoTrainer(
                TrainingPlan(
                    arm: arm,
                    layout: InputLayout(fields: [FieldShape(name: "a", rows: 2, multiValued: false)], numerics: []),
                    nets: NetSpecification(embeddingDim: 2, light: [4], booster: [8]),
                    rocket: RocketSpecification(hintLoss: .logitMSE, sharing: .embeddings),
                    training: TrainingSpecification(
                        passes: .init(epochs: 8), batches: .init(size: 100, negativeShare: share),
                        machine: .init(threads: 2)), clickRate: Double(clicks) / 40_000), teacher: teacher)
            let report = try trainer.train(on: source) { _ in }
            return (trainer.model, report)
        }
        let teacher = arm.needsTeacher ? try train(.booster, share: 0.2, teacher: nil).0 : nil
        let (model, report) = try train(arm, share: 0.2, teacher: teacher)
        #expect(report.samples < 8 * 12_000 && report.samples > 8 * 9_000)
        let rows = SparseBatch(labels: [0, 0], groups: [0, 0], fields: [.single([0, 1])])
        for scorer in [model.light, model.booster].compactMap({ $0 }) {
            let rates = scorer.logits(rows).map { 1 / (1 + exp(-Double($0))) }
            #expect(abs(rates[0] - 0.04) < 0.008 && abs(rates[1] - 0.12) < 0.015, "\(rates)")
        }
    }

    @Test("No rows is an error")
    func noRows() {
        #expect(throws: TrainingError.noRows) {
            try World.trainer().train(on: TrainingSource(rows: 0, clicks: 0, blocks: [])) { _ in }
        }
    }
}

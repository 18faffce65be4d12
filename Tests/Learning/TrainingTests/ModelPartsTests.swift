import Arrays
import FeatureCache
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

@Suite struct ModelPartsTests {
    @Test(
        "Gradients of every part are those of finite differences, with and without shared layers",
        arguments: [
            (World.partNets, 0, World.unequalLayout), (World.sharedNets, 1, World.unequalLayout),
            (World.partNets, 0, World.sharedTableLayout),
        ], FieldWays.blocked)
    func finiteDifferences(
        _ world: (NetSpecification, Int, InputLayout), _ mode: (block: GradientBlock, ways: FieldWays)
    ) throws {
        let block = mode.block
        let rocket = RocketSpecification(
            hintLoss: .logitMSE, hintWeight: 0.7, gradientBlock: block, sharing: .embeddings, sharedLayers: world.1)
        let batch = World.batch(rows: 24, seed: 1)
        let trainer = World.trainer(
            rocket: rocket, batchSize: 24, layout: world.2, nets: world.0, ways: mode.ways)
        // Linear weights begin at 0, where a wrong gradient could hide.
        for seed in 2..<6 as Range<UInt64> { _ = try trainer.step(World.batch(rows: 24, seed: seed), progress: 0) }
        let gradients = try trainer.gradients(of: batch)
        let l = try #require(trainer.model.booster).logits(batch).map(Double.init)
        let held = block == .none ? nil : l
        let trunkLearnsOfLight = block != .logitsAndSharedInput
        var arrays: [(FloatArray, (Int) -> Float, Bool, String)] = [
            (gradients.lightParameters, { gradients.light[$0] }, true, "W_L"),
            (gradients.boosterParameters, { gradients.booster[$0] }, true, "W_B"),
            (gradients.trunkParameters, { gradients.trunk[$0] }, trunkLearnsOfLight, "shared layers"),
        ]
        for field in 0..<3 {
            arrays.append(
                (
                    gradients.embedding(field), { gradients.embeddingGradient(field, $0) }, trunkLearnsOfLight,
                    "embedding \(field)"
                ))
            let linear = try #require(gradients.linear(field))
            arrays.append((linear, { gradients.linearGradient(field, $0) }, true, "linear \(field)"))
        }
        #expect(gradients.trunkParameters.count == (world.1 == 0 ? 0 : (13 * 5 + 5 + 5)))
        var (checked, wrong) = (0, 0)
        for (array, found, includeLight, _) in arrays {
            for index in stride(from: 0, to: array.count, by: max(1, array.count / 30)) {
                let value = array[index]
                func loss(at moved: Float) -> Double {
                    array[index] = moved
                    return GradientTests.loss(trainer, batch, rocket, heldBooster: held, includeLight: includeLight)
                }
                let here = loss(at: value)
                // Where a step crosses a corner, the slope of one side is the derivative, or that of a shorter step.
                let slopes = [2e-3, 7e-4].flatMap { (step: Float) -> [Double] in
                    let (above, below) = (loss(at: value + step), loss(at: value - step))
                    return [(above - below) / 2, above - here, here - below].map { $0 / Double(step) }
                }
                array[index] = value
                let error = slopes.map { abs(Double(found(index)) - $0) }.min() ?? .infinity
                checked += 1
                if error > 1e-3 + 0.02 * abs(slopes[0]) { wrong += 1 }
            }
        }
        #expect(checked > 150 && wrong == 0, "\(wrong) of \(checked)")
    }

    @Test("The hint's gradient on the booster is exactly zero with every part of a net", arguments: [0, 1])
    func proof(_ sharedLayers: Int) throws {
        let nets = sharedLayers == 0 ? World.noisyNets : World.sharedNets
        let rocket = RocketSpecification(
            hintLoss: .logitMSE, hintWeight: 0.7, gradientBlock: .logits, sharing: .embeddings,
            sharedLayers: sharedLayers)
        let report = try World.trainer(rocket: rocket, nets: nets).train(on: World.source()) { _ in }
        for norms in report.gradientNorms {
            #expect(norms.hint?.booster == 0 && (norms.hint?.light ?? 0) > 0 && (norms.hint?.shared ?? 0) > 0)
            #expect((norms.booster?.shared ?? 0) > 0 && norms.light?.booster == 0)
        }
    }

    @Test(
        "Bytes do not depend on the threads, weights read back score alike, and a resumed training ends the same",
        arguments: [
            (World.partNets, 0, World.unequalLayout), (World.sharedNets, 1, World.unequalLayout),
            (World.noisyNets, 0, World.unequalLayout), (World.noisyNets, 0, World.sharedTableLayout),
        ], FieldWays.clipped)
    func reproduces(
        _ world: (NetSpecification, Int, InputLayout), _ mode: (clip: Double?, ways: FieldWays)
    ) throws {
        let rocket = RocketSpecification(
            hintLoss: .logitMSE, hintWeight: 0.7, gradientBlock: .logits, sharing: .embeddings, sharedLayers: world.1)
        func trainer(_ threads: Int) -> CoTrainer {
            World.trainer(
                rocket: rocket, threads: threads, layout: world.2, nets: world.0, clip: mode.clip, ways: mode.ways)
        }
        let whole = trainer(1)
        var saved: [UInt8]?
        let checkpoints = Checkpoints(every: .zero, resume: nil) { part in
            if saved == nil { saved = part.bytes }
            return true
        }
        _ = try whole.train(on: World.source(), checkpoints: checkpoints) { _ in }
        let bytes = try whole.model.safetensors()
        for resume in [nil, saved] {
            let other = trainer(3)
            _ = try other.train(
                on: World.source(),
                checkpoints: Checkpoints(every: .seconds(99), resume: resume.map(SavedCheckpoint.init)) { _ in true }
            ) { _ in }
            #expect(try other.model.safetensors() == bytes)
        }
        let batch = World.batch(rows: 700, seed: 9)
        let read = try CoTrainedModel(safetensors: bytes)
        #expect(read.light?.logits(batch) == whole.model.light?.logits(batch))
        #expect(read.booster?.logits(batch) == whole.model.booster?.logits(batch))
    }

    @Test("Clipped gradients make a long step shorter, and short ones are left alone")
    func clipping() throws {
        func weights(_ clip: Double?) throws -> [Float] {
            // A common factor on the first gradient changes no step of Adam or Adagrad, but FTRL's.
            let trainer = World.trainer(nets: World.noisyNets, clip: clip)
            let batch = World.batch(rows: 32, seed: 3)
            _ = try trainer.step(batch, progress: 0)
            return try #require(try trainer.gradients(of: batch).linear(0)).values
        }
        let (free, loose, tight) = try (weights(nil), weights(1e6), weights(1e-3))
        #expect(free == loose && free.contains { $0 != 0 })
        #expect(zip(tight, free).allSatisfy { $0.1 == 0 || abs($0.0 / $0.1) < 0.1 })
    }

    @Test("Light alone and booster alone have their whole nets where layers are shared")
    func aloneWithSharedLayers() throws {
        let light = World.trainer(.light, rocket: World.shares, nets: World.sharedNets)
        let pair = World.trainer(rocket: World.shares, nets: World.sharedNets)
        #expect(light.model.parameters(of: .servedLight) == pair.model.parameters(of: .servedLight))
    }

    @Test("A net with linear part, cross layers and batch-norm learns a rule")
    func learns() throws {
        let report = try World.trainer(epochs: 60, nets: World.noisyNets).train(on: World.source()) { _ in }
        let (first, last) = (try #require(report.curve.first), try #require(report.curve.last))
        #expect(try #require(last.boosterLoss) < 0.6 * #require(first.boosterLoss))
        #expect(try #require(last.lightLoss) < 0.6 * #require(first.lightLoss))
    }
}

@Suite struct LearningRateScheduleTests {
    @Test("The factor is that of each decay at its beginning, in its middle and at its end")
    func decays() {
        func scales(_ decay: LearningRateSchedule.Decay) -> [Double] {
            let schedule = LearningRateSchedule(warmUp: 0.2, decay: decay, decayFrom: 0.5, end: 0.01)
            return [0, 0.1, 0.2, 0.5, 0.75, 1].map { schedule.scale(progress: $0) }
        }
        func close(_ found: [Double], _ expected: [Double]) -> Bool {
            zip(found, expected).allSatisfy { abs($0 - $1) < 1e-12 }
        }
        #expect(close(scales(.constant), [0, 0.5, 1, 1, 1, 1]))
        #expect(close(scales(.linear), [0, 0.5, 1, 1, 0.505, 0.01]))
        #expect(close(scales(.cosine), [0, 0.5, 1, 1, 0.505, 0.01]))
        #expect(close(scales(.exponential), [0, 0.5, 1, 1, 0.1, 0.01]))
        #expect(close([0.3, 2].map { LearningRateSchedule().scale(progress: $0) }, [1, 0.1]))
    }
}

import FeatureCache
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

/// Several light nets that one booster teaches.
@Suite("A fleet of light nets") struct FleetTests {
    static let lights = [
        LightNet("small", [4]), LightNet("medium", DenseSpecification([7, 5], activation: .dice, batchNorm: true)),
        LightNet("wide", DenseSpecification([6], dropout: 0.3, linear: true)),
        LightNet("large", DenseSpecification([12, 6], dropout: 0.2, crossLayers: 1)),
    ]
    static let booster = World.noisyNets.booster
    static let apart = RocketSpecification(hintWeight: 2, gradientBlock: .logits, sharing: .nothing)

    static func nets(_ lights: [LightNet] = lights, lead: String = "medium") throws -> NetSpecification {
        try #require(NetSpecification(embeddingDim: 4, fleet: Fleet(lights, lead: lead), booster: booster))
    }

    static func alone(_ light: LightNet) -> NetSpecification {
        NetSpecification(embeddingDim: 4, light: light.net, booster: booster)
    }

    static func trainer(
        _ nets: NetSpecification, _ arm: Arm = .rocket, _ rocket: RocketSpecification = apart, clip: Double? = nil,
        ways: FieldWays = .byRows, type: DenseType = .f32, share: Double = 0, teacher: CoTrainedModel? = nil,
        threads: Int = 2
    ) -> CoTrainer {
        let trainer = CoTrainer(
            TrainingPlan(
                arm: arm, layout: World.layout, nets: nets, rocket: rocket,
                training: TrainingSpecification(
                    passes: .init(epochs: share > 0 ? 8 : 2), validation: .init(share: share, perEpoch: 2, patience: 2),
                    batches: .init(size: 32, negativeShare: 0.8, slices: 4),
                    optimisation: Optimisation(
                        dense: .init(lightLearningRate: 0.004), gradientClip: clip), denseType: type, seed: 5,
                    machine: .init(threads: threads)), clickRate: 0.3), teacher: teacher)
        trainer.choose(ways)
        return trainer
    }

    static func teacher() throws -> CoTrainedModel {
        let trainer = trainer(alone(lights[0]), .booster)
        _ = try trainer.train(on: World.source()) { _ in }
        return trainer.model
    }

    static func values(_ branch: Branch?) -> [[Float]] { branch?.arrays.map(\.array.values) ?? [] }

    static let judge = NetJudge { labels, logits in
        let loss = zip(labels, logits).reduce(0.0) { $0 + Double($1.0 == 1 ? -$1.1 : $1.1) }
        return NetJudge.Judgement(loss: loss, auc: nil)
    }

    /// Each light net of a fleet beside the same net in a rocket of its own.
    static func compare(_ trained: (NetSpecification) throws -> CoTrainedModel) throws {
        let fleet = try trained(try nets())
        for light in lights {
            let alone = try trained(alone(light))
            let values = values(alone.lightBranch)
            #expect(!values.isEmpty && Self.values(fleet[.light(light.name)]) == values, "\(light.name)")
            #expect(Self.values(fleet.boosterBranch) == Self.values(alone.boosterBranch))
            // The file that is pulled of a net is the file of a rocket with it alone.
            #expect(try fleet.alone(light.name)?.safetensors() == alone.safetensors())
        }
    }

    @Test(
        "With nothing shared each light net has bit for bit the weights of a rocket with it alone, and the booster's too",
        arguments: [nil, 0.05], [FieldWays.byRows, .byIDs, .both])
    func joint(_ clip: Double?, _ ways: FieldWays) throws {
        try Self.compare { nets in
            let trainer = Self.trainer(nets, clip: clip, ways: ways)
            _ = try trainer.train(on: World.source()) { _ in }
            return trainer.model
        }
    }

    @Test("The same with a finished teacher, and in bf16 where the machine has it", arguments: [DenseType.f32, .bf16])
    func finished(_ type: DenseType) throws {
        guard type.isSupportedHere else { return }
        let teacher = try Self.teacher()
        try Self.compare { nets in
            let trainer = Self.trainer(nets, .rocketWithoutJointTraining, clip: 0.5, type: type, teacher: teacher)
            _ = try trainer.train(on: World.source()) { _ in }
            return trainer.model
        }
    }

    @Test(
        "Where embeddings are shared and light nets do not train them, each light net still is what it is alone",
        arguments: HintLoss.allCases)
    func sharedButBlocked(_ hint: HintLoss) throws {
        let rocket = RocketSpecification(
            hintLoss: hint, gradientBlock: .logitsAndSharedInput, sharing: .embeddings)
        try Self.compare { nets in
            let trainer = Self.trainer(nets, .rocket, rocket)
            _ = try trainer.train(on: World.source()) { _ in }
            return trainer.model
        }
    }

    @Test("Each net keeps the best point that it has alone, however long others train on")
    func earlyStops() throws {
        let (one, other) = (Self.trainer(try Self.nets(), share: 0.2), Self.trainer(try Self.nets(), share: 0.2))
        let report = try one.train(on: World.source(), judge: Self.judge) { _ in }
        #expect(report.fleet?.map(\.net) == ["medium", "small", "wide", "large"])
        var ends: Set<Int> = []
        for light in Self.lights {
            let alone = Self.trainer(Self.alone(light), share: 0.2)
            let own = try alone.train(on: World.source(), judge: Self.judge) { _ in }
            #expect(report.fleet?.first { $0.net == light.name }?.step == own.lightStep)
            #expect(Self.values(one.model[.light(light.name)]) == Self.values(alone.model.lightBranch), "\(light.name)")
            #expect(own.steps <= report.steps)
            ends.insert(own.lightStep ?? 0)
        }
        #expect(ends.count > 1)
        // Killed and resumed, it keeps the same.
        struct Killed: Error {}
        var saved: [UInt8]?
        _ = try? other.train(
            on: World.source(), judge: Self.judge,
            checkpoints: Checkpoints(every: .zero, resume: nil) { part in
                saved = part.bytes
                return true
            }
        ) { if $0.step == 23 { throw Killed() } }
        let resumed = Self.trainer(try Self.nets(), share: 0.2, threads: 1)
        let again = try resumed.train(
            on: World.source(), judge: Self.judge,
            checkpoints: Checkpoints(every: .seconds(99), resume: SavedCheckpoint(try #require(saved))) { _ in true }
        ) { _ in }
        #expect(try resumed.model.safetensors() == one.model.safetensors())
        #expect(again.validations == report.validations && again.curve == report.curve)
    }

    @Test("A fleet continues from its own weights as each net does from its")
    func warmStart() throws {
        try Self.compare { nets in
            let first = Self.trainer(nets)
            _ = try first.train(on: World.source()) { _ in }
            let second = Self.trainer(nets)
            try second.goOn(
                from: CoTrainedModel(safetensors: first.model.safetensors()), state: first.optimiserState())
            _ = try second.train(on: World.source(rows: 300)) { _ in }
            return second.model
        }
    }

    @Test("Light nets that share one table train it together, and leave the booster as it is alone")
    func sharedByLights() throws {
        let rocket = RocketSpecification(gradientBlock: .logits, sharing: .lights)
        let fleet = Self.trainer(try Self.nets(), .rocket, rocket)
        _ = try fleet.train(on: World.source()) { _ in }
        #expect(fleet.model.embeddingParameters == 2 * 38 * 4)
        let tables = fleet.model.lightNets.map { fleet.model[$0]?.embeddings.tables.map(\.values) }
        #expect(tables.count == 4 && tables.allSatisfy { $0 == tables[0] })
        let alone = Self.trainer(Self.alone(Self.lights[0]), .booster, rocket)
        _ = try alone.train(on: World.source()) { _ in }
        #expect(Self.values(fleet.model.boosterBranch) == Self.values(alone.model.boosterBranch))
        let own = Self.trainer(Self.alone(Self.lights[0]), .rocket, rocket)
        _ = try own.train(on: World.source()) { _ in }
        #expect(Self.values(fleet.model[.light("small")]) != Self.values(own.model.lightBranch))
    }

    @Test("Weights of a fleet read back score bit for bit alike, whatever is shared", arguments: Sharing.allCases)
    func roundTrip(_ sharing: Sharing) throws {
        for arm in [Arm.rocket, .light] {
            let trainer = Self.trainer(try Self.nets(), arm, RocketSpecification(sharing: sharing))
            _ = try trainer.train(on: World.source()) { _ in }
            let bytes = try trainer.model.safetensors()
            let read = try CoTrainedModel(safetensors: bytes)
            #expect(try read.safetensors() == bytes)
            let (batch, file) = (World.batch(rows: 50, seed: 9), try Safetensors(bytes))
            for net in trainer.model.lightNets {
                let logits = trainer.model.scorer(of: net)?.logits(batch)
                #expect(logits != nil && read.scorer(of: net)?.logits(batch) == logits)
                let branch = try Branch(lightNetOf: file, named: net.name)
                #expect(Self.values(branch) == Self.values(read[net]))
            }
        }
    }

    @Test("A net may have embeddings of its own width, and then is what it is in a fleet of one")
    func ownWidth() throws {
        var narrow = Self.lights[0]
        narrow.embeddingDim = 2
        func model(_ nets: NetSpecification) throws -> CoTrainedModel {
            let trainer = Self.trainer(nets)
            _ = try trainer.train(on: World.source()) { _ in }
            return try CoTrainedModel(safetensors: trainer.model.safetensors())
        }
        let fleet = try model(try Self.nets([narrow, Self.lights[1]]))
        #expect(fleet[.light("small")]?.embeddings.inputWidth == 3 * 2 + 2)
        let alone = try model(try Self.nets([narrow], lead: "small"))
        #expect(Self.values(fleet[.light("small")]) == Self.values(alone.lightBranch))
    }

    @Test("The losses of each net are reported, and every hint's gradient is zero on a blocked booster")
    func report() throws {
        let fleet = Self.trainer(try Self.nets())
        let report = try fleet.train(on: World.source()) { _ in }
        #expect(report.gradientNorms.allSatisfy { $0.hint?.booster == 0 && $0.hint?.light ?? 0 > 0 })
        #expect(report.threadSeconds.otherLights ?? 0 > 0)
        // The lead is first; the others follow in the job file's order.
        for (index, name) in ["small", "wide", "large"].enumerated() {
            let light = try #require(Self.lights.first { $0.name == name })
            let alone = try Self.trainer(Self.alone(light)).train(on: World.source()) { _ in }
            #expect(report.curve.map { $0.further?[index].lightLoss } == alone.curve.map(\.lightLoss))
            #expect(report.curve.map { $0.further?[index].hint } == alone.curve.map(\.hint))
        }
    }
}

import FeatureCache
import Nets
import Testing
import Training
import TrainingSupport

@Suite struct WarmStartTests {
    /// Days before and after a pause.
    static func source(seeds: Range<UInt64>) -> TrainingSource {
        let blocks = seeds.map { World.batch(rows: 100, seed: $0) }
        return TrainingSource(
            rows: 100 * blocks.count, clicks: blocks.reduce(0) { $0 + $1.labels.reduce(0) { $0 + Int($1) } },
            blocks: blocks.map { block in { block } })
    }

    static func trainer(nets: NetSpecification = World.noisyNets, layout: InputLayout = World.layout) -> CoTrainer {
        World.trainer(threads: 2, layout: layout, nets: nets)
    }

    @Test(
        "Going on from stored weights and optimisers gives the bytes of never having stopped",
        arguments: [World.nets, World.noisyNets])
    func goesOn(_ nets: NetSpecification) throws {
        let whole = Self.trainer(nets: nets)
        _ = try whole.train(on: Self.source(seeds: 1..<4)) { _ in }
        let (weights, state) = (try whole.model.safetensors(), try whole.optimiserState())
        _ = try whole.train(on: Self.source(seeds: 4..<6)) { _ in }
        let later = Self.trainer(nets: nets)
        try later.goOn(from: CoTrainedModel(safetensors: weights), state: state)
        _ = try later.train(on: Self.source(seeds: 4..<6)) { _ in }
        #expect(try later.model.safetensors() == whole.model.safetensors())
        #expect(try later.optimiserState() == whole.optimiserState())
    }

    @Test("Counts of ids go on too: one seen once before and once after is admitted at two")
    func admission() throws {
        var layout = InputLayout(
            fields: [
                FieldShape(name: "f", rows: 4, multiValued: false, admission: IDAdmission(minimumCount: 2))
            ], numerics: [])
        func source(_ ids: [UInt32]) -> TrainingSource {
            let batch = SparseBatch(
                labels: ids.indices.map { UInt8($0 % 2) }, groups: ids.map { _ in 0 }, fields: [.single(ids)])
            return TrainingSource(rows: ids.count, clicks: ids.count / 2, blocks: [{ batch }])
        }
        func trainer() -> CoTrainer { Self.trainer(nets: World.nets, layout: layout) }
        let first = trainer()
        _ = try first.train(on: source([1, 1, 2, 3])) { _ in }
        let second = trainer()
        try second.goOn(
            from: CoTrainedModel(safetensors: first.model.safetensors()), state: first.optimiserState())
        _ = try second.train(on: source([2, 2, 1, 1])) { _ in }
        #expect(second.model.admission?.fields[0]?.counts == [0, 4, 3, 1])
        layout.fields[0].rows = 5
        let other = trainer()
        #expect(throws: TrainingError.otherModel) {
            try other.goOn(
                from: CoTrainedModel(safetensors: first.model.safetensors()), state: first.optimiserState())
        }
    }

    @Test("A state of another model is an error")
    func refuses() throws {
        let trainer = Self.trainer()
        _ = try trainer.train(on: Self.source(seeds: 1..<2)) { _ in }
        let model = try CoTrainedModel(safetensors: trainer.model.safetensors())
        for state in [[], try Self.trainer(nets: World.nets).optimiserState(), try trainer.model.safetensors()] {
            #expect(throws: SafetensorsError.self) { try Self.trainer().goOn(from: model, state: state) }
        }
    }
}

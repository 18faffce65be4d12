import FeatureCache
import Nets
import RocketLaunching
import Training

/// The small world with ids of 31 bits.
extension World {
    package static let exactLayout: InputLayout = {
        var layout = World.layout
        for field in layout.fields.indices {
            layout.fields[field].rows = 2
            layout.fields[field].hasIDTable = true
        }
        return layout
    }()

    package static func hashed(_ id: UInt32) -> UInt32 { id == 0 ? 0 : 1 + (id &* 0x9E37_79B1) >> 1 }

    package static func hashed(_ batch: SparseBatch) -> SparseBatch {
        var batch = batch
        batch.fields = batch.fields.map { column in
            switch column {
            case .single(let ids): .single(ids.map(hashed))
            case .multi(let offsets, let ids): .multi(offsets: offsets, ids: ids.map(hashed))
            }
        }
        return batch
    }

    package static func exactSource(_ seeds: Range<UInt64> = 100..<105) -> TrainingSource {
        let blocks = seeds.map { hashed(batch(rows: 100, seed: $0)) }
        return TrainingSource(
            rows: 100 * blocks.count, clicks: blocks.reduce(0) { $0 + $1.labels.reduce(0) { $0 + Int($1) } },
            blocks: blocks.map { block in { block } }, days: seeds.map { Int32($0) })
    }

    package static func memory(_ bytes: Int? = nil, nets: NetSpecification = nets, sharing: Sharing = .embeddings)
        -> EmbeddingMemory
    {
        var memory = EmbeddingMemory(nets, sharing: sharing)
        memory.bytes = bytes ?? memory.bytes
        return memory
    }

    package static func exactTrainer(
        _ source: TrainingSource, after parent: CoTrainedModel? = nil, layout: InputLayout = exactLayout,
        nets: NetSpecification = nets, sharing: Sharing = .embeddings, threads: Int = 1, memory: Int? = nil,
        embeddingRate: Double = 0.02, teacher: CoTrainedModel? = nil, arm: Arm = .rocket,
        shares: Int? = nil, peers: any Peers = Alone()
    ) throws -> CoTrainer {
        let known = try KnownIDs(
            layout, of: source, after: parent, memory: Self.memory(memory, nets: nets, sharing: sharing))
        return CoTrainer(
            TrainingPlan(
                arm: arm, layout: layout, nets: nets,
                rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 0.7, sharing: sharing),
                training: TrainingSpecification(
                    passes: .init(epochs: 2), batches: .init(size: 32, slices: 4, shares: shares),
                    optimisation: Optimisation(embeddingLearningRate: embeddingRate), seed: 5,
                    machine: .init(threads: threads)), clickRate: 0.3), known: known, teacher: teacher, peers: peers)
    }

    /// One field, whose ids come as often as told.
    package static func source(counts: [UInt32: Int]) -> TrainingSource {
        let ids = counts.sorted { $0.key < $1.key }.flatMap { [UInt32](repeating: $0.key, count: $0.value) }
        let batch = SparseBatch(
            labels: ids.indices.map { UInt8($0 % 2) }, groups: ids.map { _ in 0 }, fields: [.single(ids)])
        return TrainingSource(rows: ids.count, clicks: ids.count / 2, blocks: [{ batch }])
    }

    package static func oneField(_ admission: IDAdmission? = nil) -> InputLayout {
        InputLayout(
            fields: [FieldShape(name: "f", rows: 2, multiValued: false, admission: admission, hasIDTable: true)],
            numerics: [])
    }
}

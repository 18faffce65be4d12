import CounterRandom
import FeatureCache
import Nets
import RocketLaunching
import Training

/// A small world: three fields (one multi-valued) and a number.
package enum World {
    package static let layout = InputLayout(
        fields: [
            FieldShape(name: "a", rows: 20, multiValued: false), FieldShape(name: "b", rows: 10, multiValued: false),
            FieldShape(name: "c", rows: 8, multiValued: true),
        ], numerics: [NumericShape(name: "n", mean: 0.5, standardDeviation: 2)])
    package static let nets = NetSpecification(embeddingDim: 4, light: [6], booster: [12, 6])

    package static func batch(rows: Int, seed: UInt64) -> SparseBatch {
        var random = CounterRandom(seed: seed)
        func below(_ count: UInt32) -> UInt32 { UInt32(random.next() % UInt64(count)) }
        var batch = SparseBatch(
            groups: [UInt64](repeating: 1, count: rows),
            fields: [.single([]), .single([]), .multi(offsets: [0], ids: [])])
        var (a, b, offsets, ids, numbers): ([UInt32], [UInt32], [UInt32], [UInt32], [Float]) = ([], [], [0], [], [])
        for _ in 0..<rows {
            a.append(below(20))
            b.append(below(10))
            for _ in 0..<1 + below(3) { ids.append(below(8)) }
            offsets.append(UInt32(ids.count))
            numbers.append(below(5) == 0 ? .nan : Float(random.normal()))
            batch.labels.append(a[a.count - 1] < 10 ? 1 : 0)
        }
        batch.fields = [.single(a), .single(b), .multi(offsets: offsets, ids: ids)]
        batch.numerics = [numbers]
        return batch
    }

    package static func trainer(
        _ arm: Arm = .rocket,
        rocket: RocketSpecification = RocketSpecification(
            hintLoss: .logitMSE, hintWeight: 0.7, gradientBlock: .logits, sharing: .embeddings), threads: Int = 1,
        batchSize: Int = 32, epochs: Double = 1, layout: InputLayout = layout, nets: NetSpecification = nets,
        clip: Double? = nil, type: DenseType = .f32, ways: FieldWays = .byRows
    ) -> CoTrainer {
        let trainer = CoTrainer(
            TrainingPlan(
                arm: arm, layout: layout, nets: nets, rocket: rocket,
                training: TrainingSpecification(
                    passes: .init(epochs: epochs), batches: .init(size: batchSize, slices: 4),
                    optimisation: Optimisation(gradientClip: clip), denseType: type, seed: 5,
                    machine: .init(threads: threads)), clickRate: 0.3))
        trainer.choose(ways)
        return trainer
    }

    package static func source(rows: Int = 500) -> TrainingSource {
        let blocks = (0..<5).map { batch(rows: rows / 5, seed: UInt64(100 + $0)) }
        return TrainingSource(
            rows: rows, clicks: blocks.reduce(0) { $0 + $1.labels.reduce(0) { $0 + Int($1) } },
            blocks: blocks.map { block in { block } })
    }

    package static let specifications: [RocketSpecification] = HintLoss.allCases.flatMap { loss in
        GradientBlock.allCases.flatMap { block in
            Sharing.allCases.map { sharing in
                RocketSpecification(
                    hintLoss: loss, hintWeight: 0.7, temperature: 2, gradientBlock: block, sharing: sharing)
            }
        }
    }
}

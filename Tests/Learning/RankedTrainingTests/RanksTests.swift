import Collectives
import FeatureCache
import Nets
import RocketLaunching
import Synchronization
import Testing
import Training
import TrainingSupport

/// Several ranks train one model.
@Suite struct RanksTests {
    /// What a training comes to at rank 0, and what is to be compared.
    struct Trained: Sendable {
        var bytes: [UInt8] = []
        var logits: [[Float]] = []
        var report: TrainingReport
        var embeddingFloats = 0
        var state: [UInt8] = []
    }

    struct Case: Sendable, CustomStringConvertible {
        var description: String
        var rocket = RocketSpecification(
            hintLoss: .logitMSE, hintWeight: 0.7, gradientBlock: .logits, sharing: .embeddings)
        var layout = World.layout
        var nets = World.nets
        var clip: Double?
        var negativeShare = 1.0
        var ways = FieldWays.byRows
    }

    static var rareLayout: InputLayout {
        var layout = World.layout
        layout.fields[0].admission = IDAdmission(minimumCount: 25)
        return layout
    }

    /// Slices of several ranks are others, and batch-norm is of a slice.
    static let plainFleet =
        NetSpecification(
            embeddingDim: 4,
            fleet: Fleet(
                [LightNet("small", [4]), LightNet("large", DenseSpecification([6, 5], linear: true))], lead: "large"),
            booster: World.partNets.booster) ?? World.nets

    static let cases = [
        Case(description: "shared embeddings"),
        Case(
            description: "nothing shared",
            rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 0.7, sharing: .nothing)),
        Case(
            description: "linear parts, pooling, fields of other widths", layout: World.unequalLayout,
            nets: World.partNets),
        Case(description: "a table for two fields", layout: World.sharedTableLayout, nets: World.partNets),
        Case(description: "clipped gradients", clip: 0.05),
        Case(description: "fields by ids", clip: 0.05, ways: .byIDs),
        Case(
            description: "nothing shared, some fields by ids",
            rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 0.7, sharing: .nothing),
            layout: World.unequalLayout, nets: World.partNets, ways: .both),
        Case(description: "rare ids share a row", layout: rareLayout),
        Case(
            description: "several light nets with one table",
            rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 0.7, sharing: .lights), nets: plainFleet,
            clip: 0.05),
        Case(description: "a share of the unclicked rows", negativeShare: 0.5),
    ]

    static func trainer(_ item: Case, _ collective: any Collective, shares: Int?, share: Double = 0) -> CoTrainer {
        let trainer = CoTrainer(
            TrainingPlan(
                arm: .rocket, layout: item.layout, nets: item.nets, rocket: item.rocket,
                training: TrainingSpecification(
                    passes: .init(epochs: 2), validation: .init(share: share),
                    batches: .init(size: 32, negativeShare: item.negativeShare, slices: 4, shares: shares),
                    optimisation: Optimisation(gradientClip: item.clip), seed: 5, machine: .init(threads: 1)),
                clickRate: 0.3), peers: collective.peers)
        trainer.choose(item.ways)
        return trainer
    }

    static func train(_ item: Case, ranks: Int, shares: Int? = 4, share: Double = 0) throws -> [Trained] {
        try ThreadRanks.run(ranks) { collective in
            let trainer = trainer(item, collective, shares: shares, share: share)
            let judge = NetJudge { labels, logits in
                let loss = zip(labels, logits).reduce(0) { $0 + Double(abs(Float($1.0) - $1.1)) }
                return NetJudge.Judgement(loss: loss, auc: nil)
            }
            let report = try trainer.train(on: World.source(), judge: judge) { _ in }
            var trained = Trained(report: report)
            trained.state = try trainer.optimiserState()
            guard collective.rank == 0 else { return trained }
            trained.bytes = try trainer.model.safetensors()
            let batch = World.batch(rows: 40, seed: 7)
            trained.logits = try [
                #require(trainer.model.light).logits(batch), #require(trainer.model.booster).logits(batch),
            ]
            return trained
        }
    }

    static func furthest(_ a: [[Float]], _ b: [[Float]]) -> Float {
        zip(a.flatMap(\.self), b.flatMap(\.self)).reduce(0) { max($0, abs($1.0 - $1.1)) }
    }

    @Test("Several ranks train each light net of a fleet bit for bit as they train it alone", arguments: [2, 3])
    func fleet(_ ranks: Int) throws {
        func bytes(_ nets: NetSpecification) throws -> [UInt8] {
            var item = Case(description: "", rocket: RocketSpecification(sharing: .nothing), nets: nets)
            item.clip = 0.05
            return try Self.train(item, ranks: ranks)[0].bytes
        }
        let fleet = try CoTrainedModel(safetensors: bytes(World.fleetNets))
        #expect(World.fleetNets.lights.count == 3)
        for light in World.fleetNets.lights {
            let alone = NetSpecification(embeddingDim: 4, light: light.net, booster: World.fleetNets.booster)
            #expect(try fleet.alone(light.name)?.safetensors() == bytes(alone), "\(light.name)")
        }
    }

    @Test("One, two, three and four ranks train the same model but for rounding", arguments: cases)
    func sameModel(_ item: Case) throws {
        let alone = try Self.train(item, ranks: 1)[0]
        for ranks in 2...4 {
            let trained = try Self.train(item, ranks: ranks)[0]
            #expect(Self.furthest(trained.logits, alone.logits) < 2e-3, "\(ranks) ranks")
            #expect(trained.report.steps == alone.report.steps && trained.report.samples == alone.report.samples)
            #expect(trained.report.group?.ranks == ranks && trained.bytes.count == alone.bytes.count)
            #expect(trained.state.count == alone.state.count)
            for (one, other) in zip(trained.report.curve, alone.report.curve) {
                #expect(abs((one.lightLoss ?? 0) - (other.lightLoss ?? 9)) < 1e-3)
                #expect(abs((one.hint ?? 0) - (other.hint ?? 9)) < 1e-2)
            }
            for (one, other) in zip(trained.report.gradientNorms, alone.report.gradientNorms) {
                #expect(one.hint?.booster == 0)
                #expect(abs((one.booster?.shared ?? 0) - (other.booster?.shared ?? 9)) < 1e-3)
            }
        }
    }

    @Test("The same number of ranks gives the same bytes")
    func sameBytes() throws {
        let (first, second) = try (Self.train(Self.cases[2], ranks: 3)[0], Self.train(Self.cases[2], ranks: 3)[0])
        #expect(first.bytes == second.bytes && first.state == second.state && !first.bytes.isEmpty)
    }

    /// What the ranks had kept when one of them stopped all.
    static func stopped(_ item: Case, ranks: Int, at step: Int) throws -> [CheckpointPart] {
        try ThreadRanks.run(ranks) { collective in
            var parts: [CheckpointPart] = []
            var steps = 0
            let checkpoints = Checkpoints(
                every: .seconds(99), resume: nil, stops: { collective.rank == ranks - 1 && steps == step }
            ) {
                parts.append($0)
                return true
            }
            #expect(throws: TrainingError.self) {
                try trainer(item, collective, shares: 4).train(on: World.source(), checkpoints: checkpoints) {
                    steps = $0.step
                }
            }
            return parts
        }.flatMap(\.self)
    }

    @Test(
        "Another number of ranks goes on from a checkpoint as if it had not changed", arguments: [cases[0], cases[2]])
    func otherRanks(_ item: Case) throws {
        let alone = try Self.train(item, ranks: 1)[0]
        let parts = try Self.stopped(item, ranks: 3, at: 12)
        #expect(parts.map(\.number) == [0, 1, 2] && parts.allSatisfy { $0.count == 3 && $0.step == 13 })
        for ranks in [1, 2, 4] {
            let resumed = try ThreadRanks.run(ranks) { collective -> [[Float]] in
                let trainer = Self.trainer(item, collective, shares: 4)
                let saved = SavedCheckpoint(parts: 3) { parts[$0].bytes }
                let checkpoints = Checkpoints(every: .seconds(99), resume: saved) { _ in true }
                let report = try trainer.train(on: World.source(), checkpoints: checkpoints) { _ in }
                #expect(report.steps == alone.report.steps && report.samples == alone.report.samples)
                guard collective.rank == 0 else { return [] }
                let batch = World.batch(rows: 40, seed: 7)
                return try [
                    #require(trainer.model.light).logits(batch), #require(trainer.model.booster).logits(batch),
                ]
            }
            #expect(Self.furthest(resumed[0], alone.logits) < 2e-3, "\(ranks) ranks")
        }
    }

    @Test("A warm start by several ranks is that of one")
    func warmStart() throws {
        let first = try Self.train(Self.cases[2], ranks: 1)[0]
        func goOn(_ ranks: Int) throws -> [[Float]] {
            try ThreadRanks.run(ranks) { collective -> [[Float]] in
                let trainer = Self.trainer(Self.cases[2], collective, shares: 4)
                try trainer.goOn(from: CoTrainedModel(safetensors: first.bytes), state: first.state)
                _ = try trainer.train(on: World.source()) { _ in }
                guard collective.rank == 0 else { return [] }
                let batch = World.batch(rows: 40, seed: 7)
                return try [
                    #require(trainer.model.light).logits(batch), #require(trainer.model.booster).logits(batch),
                ]
            }[0]
        }
        let alone = try goOn(1)
        #expect(try Self.furthest(goOn(3), alone) < 5e-3 && Self.furthest(alone, first.logits) > 0.02)
    }

    @Test("Ranks that read everything train the model of a single process that deals nothing")
    func oneStream() throws {
        let alone = try Self.train(Self.cases[0], ranks: 1, shares: nil)[0]
        let trained = try Self.train(Self.cases[0], ranks: 3, shares: nil)[0]
        #expect(Self.furthest(trained.logits, alone.logits) < 2e-3)
    }

    @Test("More ranks than shares leave some without rows, which changes nothing")
    func idleRanks() throws {
        let alone = try Self.train(Self.cases[0], ranks: 1, shares: 2)[0]
        let trained = try Self.train(Self.cases[0], ranks: 4, shares: 2)[0]
        #expect(Self.furthest(trained.logits, alone.logits) < 2e-3)
    }

    @Test("Held-out rows are judged by all ranks together, and each net's best weights are kept")
    func bestPoints() throws {
        let alone = try Self.train(Self.cases[0], ranks: 1, share: 0.3)[0]
        let trained = try Self.train(Self.cases[0], ranks: 3, share: 0.3)[0]
        #expect(!alone.report.validations.isEmpty)
        #expect(trained.report.lightStep == alone.report.lightStep)
        for (one, other) in zip(trained.report.validations, alone.report.validations) {
            #expect(abs((one.lightLoss ?? 0) - (other.lightLoss ?? 99)) < 0.05)
        }
        #expect(Self.furthest(trained.logits, alone.logits) < 2e-3)
    }

    @Test("A rank that cannot read its rows ends the training on all ranks, with its reason")
    func failingRank() throws {
        struct Unreadable: Error, CustomStringConvertible { let description = "block 3 is damaged" }
        let ended = try ThreadRanks.run(3) { collective -> String in
            var source = World.source()
            let good = source.blocks[1]
            let reads = Reads()
            // Counting the shares reads it once; the second time is in the training.
            source.blocks[1] = { if reads.next() > 1 { throw Unreadable() } else { return try good() } }
            let trainer = Self.trainer(Self.cases[0], collective, shares: 4)
            do {
                _ = try trainer.train(on: source) { _ in }
                return "no error"
            } catch {
                return "\(error)"
            }
        }
        #expect(ended[1] == "block 3 is damaged")
        #expect(ended[0] == "rank 1 on host1 could not continue: block 3 is damaged" && ended[2] == ended[0])
    }

    @Test("So does one whose rows end in the middle of an epoch, while the others are ahead")
    func failingLater() throws {
        struct Unreadable: Error, CustomStringConvertible { let description = "block 65 is damaged" }
        // Two shares of 64 have rows, in two blocks that are each shuffled by themselves.
        let (block, nothing) = (World.batch(rows: 4_200, seed: 3), World.batch(rows: 0, seed: 3))
        let ended = try ThreadRanks.run(2) { collective -> String in
            let reads = Reads()
            let source = TrainingSource(
                rows: 16_800, clicks: 8_000,
                blocks: (0..<128).map { number -> @Sendable () throws -> SparseBatch in
                    guard number % 64 < 2 else { return { nothing } }
                    // Both are read once to be counted; the second of the epoch cannot be.
                    return { if number % 64 == 1, reads.next() > 3 { throw Unreadable() } else { return block } }
                })
            let trainer = CoTrainer(
                TrainingPlan(
                    arm: .rocket, layout: World.layout, nets: World.nets, rocket: RocketSpecification(),
                    training: TrainingSpecification(
                        batches: .init(size: 512, shares: 64), seed: 5, machine: .init(threads: 1)), clickRate: 0.3),
                peers: collective.peers)
            var steps = 0
            do {
                _ = try trainer.train(on: source) { steps = $0.step }
                return "no error"
            } catch {
                return "\(error)\(steps > 5 ? "" : " too early")"
            }
        }
        #expect(ended[1] == "block 65 is damaged")
        #expect(ended[0] == "rank 1 on host1 could not continue: block 65 is damaged")
    }
}

final class Reads: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}

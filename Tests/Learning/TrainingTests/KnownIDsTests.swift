import FeatureCache
import Foundation
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

@Suite struct KnownIDsTests {
    @Test("While they fit, every id that training meets has a row of its own; ids of held-out rows have none")
    func exact() throws {
        let source = World.exactSource()
        let known = try KnownIDs(World.exactLayout, of: source, memory: World.memory())
        #expect(known.layout.fields.map(\.rows) == [21, 11, 9])
        for (field, count) in zip(0..<3, [20, 10, 8]) {
            let table = try #require(known.tables[field])
            let ids = (0..<UInt32(count)).map(World.hashed)
            #expect(Set(table.rows(of: ids)) == Set(0..<UInt32(count)))
            #expect(table.rows(of: [World.hashed(77)]) == [UInt32(table.unseenRow)])
        }
        #expect(known.report.map(\.ids) == [19, 9, 7] && known.report.allSatisfy { $0.sharedShare == 0 })
        // The last block is the last day; half of it is held out.
        var later = World.exactSource(100..<101)
        let rare = SparseBatch(
            labels: [0, 1], groups: [0, 0],
            fields: [.single([5, 99]), .single([5, 99]), .multi(offsets: [0, 1, 2], ids: [5, 99])], numerics: [[0, 0]])
        later.blocks.append { rare }
        later.days.append(200)
        later.rows += 2
        let cut = try later.holdingOut(HeldOut(TrainingSpecification(validation: .init(share: 0.5)))).training
        let table = try #require(try KnownIDs(World.exactLayout, of: cut, memory: World.memory()).tables[0])
        #expect(table.ids.contains(5) && !table.ids.contains(99))
    }

    @Test("Fields that share a table share its ids")
    func sharedTable() throws {
        var layout = World.exactLayout
        layout.fields[1].table = "a"
        let known = try KnownIDs(layout, of: World.exactSource(), memory: World.memory())
        #expect(known.tables[0] == known.tables[1] && known.layout.fields[1].rows == known.layout.fields[0].rows)
        #expect(known.report.map(\.feature) == ["a", "c"])
    }

    @Test("Beyond the memory the rarest ids go, equally frequent ones by id, and the share of their rows is told")
    func memory() throws {
        let counts: [UInt32: Int] = [10: 5, 20: 1, 30: 2, 40: 1, 50: 91, 0: 7]
        let bytesPerID = World.memory().bytesPerRow(of: World.oneField().fields[0]) + 6
        let rest = 2 * (bytesPerID - 6)
        for (rows, ids, share) in [
            (5, [10, 20, 30, 40, 50], 0), (4, [10, 30, 40, 50], 0.01), (3, [10, 30, 50], 0.02), (2, [10, 50], 0.04),
            (1, [50], 0.09), (0, [], 1),
        ] as [(Int, [UInt32], Double)] {
            let known = try KnownIDs(
                World.oneField(), of: World.source(counts: counts), memory: World.memory(rest + rows * bytesPerID))
            #expect(known.tables[0]?.ids == ids)
            #expect(abs(known.report[0].sharedShare - share) < 1e-9 && known.report[0].ids == 5)
            #expect(known.report[0].rows == rows + 2 && known.layout.fields[0].rows == rows + 2)
        }
    }

    @Test("The rule of a field decides which ids have rows, also by what an earlier training counted")
    func admission() throws {
        let layout = World.oneField(IDAdmission(minimumCount: 2))
        let first = try World.exactTrainer(World.source(counts: [10: 2, 20: 1, 30: 1]), layout: layout)
        _ = try first.train(on: World.source(counts: [10: 2, 20: 1, 30: 1])) { _ in }
        #expect(first.model.ids[0]?.ids == [10])
        let read = try CoTrainedModel(safetensors: first.model.safetensors())
        #expect(read.admission == first.model.admission && read.admission?.fields[0]?.ids == [10, 20, 30])
        let next = World.source(counts: [20: 1, 40: 1])
        let second = try World.exactTrainer(next, after: read, layout: layout)
        try second.goOn(from: read, state: first.optimiserState())
        _ = try second.train(on: next) { _ in }
        #expect(second.model.ids[0]?.ids == [10, 20])
        #expect(second.model.admission?.fields[0]?.counts == [2, 2, 1, 1])
    }
}

@Suite struct ExactTrainingTests {
    /// The row of an id in a table of the file.
    static func row(_ number: Int, _ tensor: String, _ file: Safetensors) -> [Float] {
        guard let table = file.tensors[tensor] else { return [] }
        return Array(table.values[number * table.shape[1]..<(number + 1) * table.shape[1]])
    }

    @Test("Ids that training never met score by the mean of the trained rows", arguments: Sharing.allCases)
    func unseen(_ sharing: Sharing) throws {
        let trainer = try World.exactTrainer(World.exactSource(), sharing: sharing)
        _ = try trainer.train(on: World.exactSource()) { _ in }
        let file = try Safetensors(trainer.model.safetensors())
        let prefixes = sharing != .embeddings ? ["embedding", "booster_embedding"] : ["embedding"]
        for name in prefixes.flatMap({ ["\($0).a", "\($0).b", "\($0).c"] }) {
            let rows = try #require(file.tensors[name]).shape[0]
            let mean = (0..<4).map { column in
                Float((1..<rows - 1).reduce(0.0) { $0 + Double(Self.row($1, name, file)[column]) } / Double(rows - 2))
            }
            #expect(Self.row(rows - 1, name, file) == mean)
        }
        let batch = World.batch(rows: 1, seed: 1)
        func logit(_ id: UInt32) throws -> Float {
            var batch = World.hashed(batch)
            batch.fields[0] = .single([id])
            return try #require(trainer.model.light).logits(batch)[0]
        }
        #expect(
            try logit(World.hashed(77)) == logit(World.hashed(78)) && logit(World.hashed(77)) != logit(World.hashed(7)))
    }

    @Test("Without a table of ids the rows that training never met have that mean, too, and only these change later")
    func untrainedRows() throws {
        var layout = World.layout
        layout.fields[0].rows = 25
        func trained(on seeds: Range<UInt64>, after first: CoTrainer? = nil) throws -> CoTrainer {
            let trainer = World.trainer(layout: layout)
            if let first { try trainer.goOn(from: first.model, state: first.optimiserState()) }
            _ = try trainer.train(on: WarmStartTests.source(seeds: seeds)) { _ in }
            return trainer
        }
        let first = try trained(on: 1..<4)
        let file = try Safetensors(first.model.safetensors())
        let mean = (0..<4).map { column in
            Float((1..<20).reduce(0.0) { $0 + Double(Self.row($1, "embedding.a", file)[column]) } / 19)
        }
        for row in 20..<25 { #expect(Self.row(row, "embedding.a", file) == mean) }
        // Only two of its ids come again: the others keep what they had learnt.
        let block = SparseBatch(
            labels: [0, 1], groups: [0, 0],
            fields: [.single([3, 4]), .single([1, 2]), .multi(offsets: [0, 1, 2], ids: [1, 2])], numerics: [[0, 0]])
        let next = World.trainer(layout: layout)
        try next.goOn(from: first.model, state: first.optimiserState())
        _ = try next.train(on: TrainingSource(rows: 2, clicks: 1, blocks: [{ block }])) { _ in }
        let later = try Safetensors(next.model.safetensors())
        for row in 5..<20 { #expect(Self.row(row, "embedding.a", later) == Self.row(row, "embedding.a", file)) }
        #expect(Self.row(3, "embedding.a", later) != Self.row(3, "embedding.a", file))
        #expect(Self.row(22, "embedding.a", later) != mean)
    }

    @Test(
        "One, two and three threads give the same bytes, which score the same when read back",
        arguments: [World.nets, World.partNets])
    func bytes(_ nets: NetSpecification) throws {
        let models = try (1...3).map { threads in
            let trainer = try World.exactTrainer(World.exactSource(), nets: nets, threads: threads)
            _ = try trainer.train(on: World.exactSource()) { _ in }
            return trainer.model
        }
        let bytes = try models.map { try $0.safetensors() }
        #expect(bytes[0] == bytes[1] && bytes[1] == bytes[2])
        let read = try CoTrainedModel(safetensors: bytes[0])
        let batch = World.hashed(World.batch(rows: 200, seed: 77))
        for (one, other) in [(read.light, models[0].light), (read.booster, models[0].booster)] {
            #expect(try #require(one).logits(batch) == #require(other).logits(batch))
        }
        #expect(try read.safetensors() == bytes[0])
    }

    @Test("A training that was stopped ends with the bytes of one that was not")
    func resumes() throws {
        let whole = try World.exactTrainer(World.exactSource())
        _ = try whole.train(on: World.exactSource()) { _ in }
        var saved: [UInt8] = []
        var steps = 0
        func save(_ part: CheckpointPart) -> Bool {
            saved = part.bytes
            return true
        }
        let stopping = Checkpoints(every: .seconds(99), resume: nil, stops: { steps == 20 }, save: save)
        #expect(throws: TrainingError.self) {
            try World.exactTrainer(World.exactSource()).train(on: World.exactSource(), checkpoints: stopping) {
                steps = $0.step
            }
        }
        let last = try World.exactTrainer(World.exactSource(), threads: 2)
        let resuming = Checkpoints(every: .seconds(99), resume: SavedCheckpoint(saved)) { _ in true }
        _ = try last.train(on: World.exactSource(), checkpoints: resuming) { _ in }
        #expect(try last.model.safetensors() == whole.model.safetensors())
    }

    @Test("Going on, an id keeps its row, and a new one begins with the row of unseen ids")
    func warmStart() throws {
        let layout = World.oneField()
        let (before, after) = (World.source(counts: [10: 8, 30: 9]), World.source(counts: [20: 6, 30: 7]))
        let first = try World.exactTrainer(before, layout: layout)
        _ = try first.train(on: before) { _ in }
        let second = try World.exactTrainer(after, after: first.model, layout: layout, embeddingRate: 0)
        try second.goOn(
            from: CoTrainedModel(safetensors: first.model.safetensors()), state: first.optimiserState())
        _ = try second.train(on: after) { _ in }
        let (old, new) = try (Safetensors(first.model.safetensors()), Safetensors(second.model.safetensors()))
        #expect(old.integers["ids.f"]?.values == [10, 30] && new.integers["ids.f"]?.values == [10, 20, 30])
        for (now, then) in [(1, 1), (2, 3), (3, 2)] {
            #expect(Self.row(now, "embedding.f", new) == Self.row(then, "embedding.f", old))
        }
        // What the optimiser remembers goes with the ids.
        let states = try [first, second].map {
            try #require(Safetensors($0.optimiserState()).tensors["embedding_squares.f"])
        }
        #expect(states[0].shape == [4] && states[1].shape == [5] && states[1].values[1] == states[0].values[1])
        #expect(states[1].values[3] > states[0].values[2] && states[1].values[2] > 0)
    }

    @Test("A teacher that knows other ids teaches by its own rows")
    func teacher() throws {
        let few = World.exactSource(100..<101)
        let teacher = try World.exactTrainer(few, memory: 700, arm: .booster)
        _ = try teacher.train(on: few) { _ in }
        let trainer = try World.exactTrainer(
            World.exactSource(), teacher: teacher.model, arm: .rocketWithoutJointTraining)
        #expect(trainer.model.ids[0] != teacher.model.ids[0])
        let batch = World.hashed(World.batch(rows: 32, seed: 9))
        let (z, l) = try (
            #require(trainer.model.light).logits(batch), #require(teacher.model.booster).logits(batch)
        )
        let expected = zip(z, l).reduce(0) { $0 + Double(($1.0 - $1.1) * ($1.0 - $1.1)) } / 32
        #expect(try abs(trainer.step(batch, progress: 0).hint - expected) < 1e-5 && expected > 1e-3)
    }

    @Test("A file whose table of ids is missing, too short or not ascending is refused; one without tables is read")
    func refused() throws {
        let trainer = try World.exactTrainer(World.exactSource())
        let file = try Safetensors(trainer.model.safetensors())
        for ids in [
            nil, Array(file.integers["ids.a"]?.values.dropLast() ?? []), file.integers["ids.a"]?.values.reversed(),
        ] {
            var wrong = file
            wrong.integers["ids.a"] = ids.map { Safetensors.Integers(shape: [$0.count], values: $0) }
            #expect(throws: SafetensorsError.self) { try CoTrainedModel(safetensors: wrong.encoded()) }
        }
        let direct = try Safetensors(World.trainer().model.safetensors())
        #expect(direct.integers.isEmpty && direct.metadata.values.allSatisfy { !$0.contains("hasIDTable") })
    }
}

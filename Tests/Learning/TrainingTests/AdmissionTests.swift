import FeatureCache
import Nets
import RocketLaunching
import Testing
import Training
import TrainingSupport

@Suite struct AdmissionTests {
    /// Field a admits ids of two rows at least that came within a day of the last; field b everything.
    static let layout = InputLayout(
        fields: [
            FieldShape(
                name: "a", rows: 6, multiValued: false, admission: IDAdmission(minimumCount: 2, expireAfterDays: 1)),
            FieldShape(name: "b", rows: 4, multiValued: true),
        ], numerics: [])

    /// Days 10, 11 and 12: id 1 comes often until the end, 2 once, 3 often but only on day 10, 4 on the last two days,
    /// 5 never.
    static let source: TrainingSource = {
        let days: [[UInt32]] = [[1, 3, 3, 3], [1, 1, 4, 0], [1, 4, 2, 1]]
        let blocks = days.map { ids in
            SparseBatch(
                labels: ids.map { $0 % 2 == 0 ? 1 : 0 }, groups: [UInt64](repeating: 0, count: 4),
                fields: [.single(ids), .multi(offsets: [0, 1, 1, 2, 4], ids: [1, 2, 3, 3])])
        }
        return TrainingSource(
            rows: 12, clicks: 5, blocks: blocks.map { block in { block } }, days: [10, 11, 12])
    }()

    static func trained(_ arm: Arm, sharing: Sharing = .embeddings) throws -> CoTrainedModel {
        let trainer = CoTrainer(
            TrainingPlan(
                arm: arm, layout: layout, nets: NetSpecification(embeddingDim: 3, light: [4], booster: [6]),
                rocket: RocketSpecification(sharing: sharing),
                training: TrainingSpecification(
                    passes: .init(epochs: 3), batches: .init(size: 4, slices: 2), machine: .init(threads: 1)),
                clickRate: 0.4))
        _ = try trainer.train(on: source) { _ in }
        return trainer.model
    }

    static func rows(_ ids: [UInt32]) -> SparseBatch {
        SparseBatch(
            labels: ids.map { _ in 0 }, groups: ids.map { _ in 0 },
            fields: [
                .single(ids),
                .multi(offsets: ids.indices.map { UInt32($0) } + [UInt32(ids.count)], ids: ids.map { _ in 1 }),
            ])
    }

    @Test("Counts and last days are those of the training rows")
    func counts() throws {
        let counts = try #require(try Self.trained(.light).admission)
        #expect(counts.lastDay == 12)
        #expect(counts.fields[0]?.counts == [1, 5, 1, 3, 2, 0])
        #expect(counts.fields[0]?.lastSeen == [11, 12, 12, 10, 12, -1])
        #expect(counts.fields[1] == nil)
    }

    @Test(
        "A rare id, one unseen for too long and one never seen score alike; often seen ones and the missing id do not",
        arguments: Sharing.allCases)
    func rareIDs(_ sharing: Sharing) throws {
        let model = try Self.trained(.rocket, sharing: sharing)
        for scorer in [try #require(model.light), try #require(model.booster)] {
            let logits = scorer.logits(Self.rows([0, 1, 2, 3, 4, 5]))
            #expect(logits[2] == logits[3] && logits[3] == logits[5])
            #expect(Set(logits).count == 4)
        }
    }

    @Test("The weights file keeps counts, days and the rare row, and refuses one that lacks them")
    func roundTrip() throws {
        let model = try Self.trained(.rocket)
        let bytes = try model.safetensors()
        let read = try CoTrainedModel(safetensors: bytes)
        #expect(read.admission == model.admission)
        #expect(try read.safetensors() == bytes)
        var file = try Safetensors(bytes)
        #expect(file.tensors["embedding.a.rare"]?.shape == [1, 3] && file.tensors["embedding.a"]?.shape == [6, 3])
        #expect(file.integers["admission_count.a"]?.values == [1, 5, 1, 3, 2, 0])
        file.integers["admission_last_seen.a"] = nil
        #expect(throws: SafetensorsError.self) { try CoTrainedModel(safetensors: try file.encoded()) }
    }

    @Test("Without a rule nothing is counted and no row is added")
    func noRule() throws {
        let trainer = World.trainer()
        _ = try trainer.train(on: World.source()) { _ in }
        #expect(trainer.model.admission == nil)
        #expect(try Safetensors(try trainer.model.safetensors()).integers.isEmpty)
    }
}

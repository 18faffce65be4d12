import AllocationCount
import CounterRandom
import FeatureCache
import Features
import Foundation
import Nets
import RocketLaunching
import RocketServing
import Testing
import Training

/// A small shop: what a user brings, what an ad brings, and what both do.
enum Shop {
    static let features: ServedFeatures = {
        var list = Feature(name: "tags", column: "tags", kind: .multiValued, hashBits: 5)
        list.pooling = .mean
        var shared = Feature(name: "other_ad", column: "other_ad", kind: .categorical, hashBits: 5)
        shared.table = "ad"
        let features = [
            Feature(name: "user", column: "user_id", kind: .categorical, hashBits: 6), list,
            Feature(name: "hour", column: "hour", kind: .hourOfDay),
            Feature(name: "day", column: "day", kind: .dayOfWeek),
            Feature(name: "age", column: "age", kind: .numeric),
            Feature(name: "ad", column: "ad_id", kind: .categorical, hashBits: 5), shared,
            Feature(name: "price", column: "price", kind: .numeric, transform: .log1p),
            Feature(name: "price_bucket", column: "price", kind: .bucketed, buckets: 4, boundaries: [1, 5, 9]),
            Feature(name: "user_ad", column: "user_ad", kind: .cross, hashBits: 7, crossed: ["user", "ad"]),
            Feature(
                name: "hour_bucket", column: "hour_bucket", kind: .cross, hashBits: 6,
                crossed: ["price_bucket", "hour"]),
            Feature(name: "user_hour", column: "user_hour", kind: .cross, hashBits: 6, crossed: ["user", "hour"]),
        ]
        return ServedFeatures(
            FeatureSpecification(features: features), timeColumn: "shown_at", timeZone: "Asia/Kolkata")
    }()
    /// The same with tables of ids where the names say so.
    static let exactFeatures: ServedFeatures = {
        var served = features
        for index in served.features.indices
        where ["user", "tags", "ad", "other_ad", "user_ad"].contains(served.features[index].name) {
            served.features[index].hashBits = FeatureHasher.exactBits
        }
        return served
    }()
    static let requestColumns: Set = ["user_id", "tags", "shown_at", "age"]

    static func layout(_ served: ServedFeatures) -> InputLayout {
        InputLayout(
            fields: served.specification.fields.map { feature in
                FieldShape(
                    name: feature.name, rows: feature.hasIDTable ? 2 : feature.tableRows,
                    multiValued: feature.kind == .multiValued,
                    dim: feature.name == "tags" ? 3 : nil, pooling: feature.pooling.map { _ in .mean },
                    table: feature.table, hasIDTable: feature.hasIDTable ? true : nil)
            },
            numerics: [
                NumericShape(name: "age", mean: 40, standardDeviation: 12),
                NumericShape(name: "price", mean: 1.2, standardDeviation: 0.7),
            ])
    }

    /// A request's part of a row, or a candidate's; some values are missing.
    static func values(_ seed: UInt64, ofRequest: Bool) -> [String: RawValue] {
        var random = CounterRandom(seed: seed)
        func below(_ count: UInt64) -> UInt64 { random.next() % count }
        func orMissing(_ value: RawValue) -> RawValue { below(5) == 0 ? .missing : value }
        if ofRequest {
            return [
                "user_id": orMissing(.integer(Int64(below(40)))),
                "tags": orMissing(.list((0..<below(4)).map { _ in orMissing(.text("t\(below(9))")) })),
                "shown_at": orMissing(.number(1_767_312_000 + Double(below(1_000_000)))),
                "age": orMissing(.number(Double(below(60)) + 18)),
            ]
        }
        return [
            "ad_id": orMissing(.text("ad-\(below(30))")), "other_ad": orMissing(.text("ad-\(below(30))")),
            "price": orMissing(.number(Double(below(120)) / 10)),
        ]
    }

    /// The same row as the cache has it, by the hash alone.
    static func batch(_ rows: [[String: RawValue]], _ served: ServedFeatures = features) -> SparseBatch {
        let all = served.specification
        func text(_ value: RawValue?) -> String? {
            switch value {
            case .text(let text): text
            case .integer(let number): "\(number)"
            default: nil
            }
        }
        func number(_ value: RawValue?) -> Double? { if case .number(let number) = value { number } else { nil } }
        func local(_ row: [String: RawValue]) -> (hour: Int, weekday: Int)? {
            number(row["shown_at"]).map { seconds in
                // Five and a half hours ahead of UTC; 2026-01-02 was a Friday.
                let hours = Int(((seconds - 1_767_312_000 + 19_800) / 3_600).rounded(.down))
                return (hours % 24, (hours / 24 + 4) % 7 + 1)
            }
        }
        func hash(_ name: String, _ row: [String: RawValue]) -> UInt64? {
            guard let feature = all.features.first(where: { $0.name == name }) else { return nil }
            let hasher = FeatureHasher(feature)
            switch feature.kind {
            case .hourOfDay: return local(row).map { hasher.hash("\($0.hour + 1)") }
            case .bucketed: return number(row["price"]).map { hasher.hash("\(id(feature, row, $0))") }
            default: return text(row[feature.column]).map { hasher.hash($0) }
            }
        }
        func id(_ feature: Feature, _ row: [String: RawValue], _ price: Double) -> UInt32 {
            price <= 1 ? 1 : price <= 5 ? 2 : price <= 9 ? 3 : 4
        }
        var batch = SparseBatch(
            labels: rows.map { _ in 0 }, groups: rows.map { _ in 0 })
        for feature in all.fields {
            let hasher = FeatureHasher(feature)
            var (ids, offsets): ([UInt32], [UInt32]) = ([], [0])
            for row in rows {
                switch feature.kind {
                case .multiValued:
                    var count = 0
                    if case .list(let values) = row["tags"] {
                        for value in values.compactMap(text) {
                            ids.append(hasher.id(value))
                            count += 1
                        }
                    }
                    if count == 0 { ids.append(0) }
                    offsets.append(UInt32(ids.count))
                case .hourOfDay: ids.append(local(row).map { UInt32($0.hour + 1) } ?? 0)
                case .dayOfWeek: ids.append(local(row).map { UInt32($0.weekday) } ?? 0)
                case .bucketed: ids.append(number(row["price"]).map { id(feature, row, $0) } ?? 0)
                case .cross:
                    let parts = (feature.crossed ?? []).map { hash($0, row) }
                    let known = parts.compactMap { $0 }
                    ids.append(
                        known.count < parts.count
                            ? 0 : hasher.id(ofHash: hasher.hash(crossing: known.count) { known[$0] }))
                default: ids.append(text(row[feature.column]).map { hasher.id($0) } ?? 0)
                }
            }
            batch.fields.append(feature.kind == .multiValued ? .multi(offsets: offsets, ids: ids) : .single(ids))
        }
        batch.numerics = [
            rows.map { number($0["age"]).map { Float($0) } ?? .nan },
            rows.map { number($0["price"]).map { Float(log1p($0)) } ?? .nan },
        ]
        return batch
    }

    /// A model that has been trained for some steps, so that no part of it is as it was at first.
    ///
    /// - Parameter met: rows whose ids it has tables of.
    static func model(
        _ light: DenseSpecification, sharedLayers: Int = 0, _ served: ServedFeatures = features,
        met: Range<UInt64> = 0..<2_000
    ) throws -> CoTrainedModel {
        var booster = light
        booster.hidden.append(5)
        let nets = NetSpecification(embeddingDim: 4, light: light, booster: booster)
        let source = TrainingSource(
            rows: met.count, clicks: 1, blocks: [{ batch(met.map(rows), served) }])
        let known = try KnownIDs(
            layout(served), of: source, memory: EmbeddingMemory(nets, sharing: .embeddings))
        let trainer = CoTrainer(
            TrainingPlan(
                arm: .rocket, layout: layout(served), nets: nets,
                rocket: RocketSpecification(sharing: .embeddings, sharedLayers: sharedLayers),
                training: TrainingSpecification(
                    batches: .init(size: 64, slices: 2), seed: 3, machine: .init(threads: 1)), clickRate: 0.2),
            known: known)
        let batches = (0..<20 as Range<UInt64>).map { step in
            var batch = batch((0..<64).map { rows($0 + 100 * step) }, served)
            batch.labels = (0..<64).map { ($0 + Int(step)) % 3 == 0 ? 1 : 0 }
            return batch
        }
        try trainer.runSteps(20, over: batches)
        return trainer.model
    }

    static func rows(_ seed: UInt64) -> [String: RawValue] {
        values(seed, ofRequest: true).merging(values(seed + 7, ofRequest: false)) { first, _ in first }
    }
}

@Suite struct RankerTests {
    static let nets: [(DenseSpecification, Int)] = [
        (DenseSpecification([6, 4]), 0), (DenseSpecification([6], activation: .prelu, linear: true), 0),
        (DenseSpecification([6, 5], activation: .dice, batchNorm: true), 0),
        (DenseSpecification([6], batchNorm: true, crossLayers: 2, linear: true), 0),
        (DenseSpecification([6, 4], activation: .prelu, linear: true), 1), (DenseSpecification([]), 0),
    ]

    private static func served(
        _ model: CoTrainedModel, _ features: ServedFeatures = Shop.features
    ) throws -> ServingModel {
        try ServingModel(model: model.safetensors(), features: Array(features.canonicalJSON().utf8))
    }

    @Test(
        "With tables of ids too, of values that training met and of those that it did not",
        arguments: nets, [UInt64(5), 2_000])
    func exactScores(_ net: (DenseSpecification, Int), _ met: UInt64) throws {
        let model = try Shop.model(net.0, sharedLayers: net.1, Shop.exactFeatures, met: 0..<met)
        let scorer = try #require(model.light)
        let serving = try Self.served(model, Shop.exactFeatures)
        for (columns, tableBytes) in [(Set(), 0), (Shop.requestColumns, 1 << 24), (["ad_id", "shown_at"], 2_000)] {
            let ranker = try Ranker(serving, requestColumns: columns, tableBytes: tableBytes)
            // Filled again, the rows of the last request must not be looked up once more.
            for _ in 0..<2 {
                let request = Shop.rows(7).filter { columns.contains($0.key) }
                let candidates = (0..<300).map { row in
                    Shop.rows(UInt64(1_000 + row)).merging(request) { _, common in common }
                }
                let own = candidates.map { $0.filter { !columns.contains($0.key) } }
                let expected = scorer.logits(Shop.batch(candidates, Shop.exactFeatures)).map { 1 / (1 + exp(-$0)) }
                let found = try ranker.score(request: request, candidates: own)
                #expect(expected.count == found.count && zip(expected, found).allSatisfy { abs($0 - $1) < 2e-6 })
                #expect(Set(found).count > 20)
            }
        }
        #expect(throws: ServingError.self) { try Self.served(model) }
    }

    @Test(
        "Candidates score as their whole rows do in the evaluation, however the row is split",
        arguments: nets, [Set(), Shop.requestColumns, ["ad_id", "shown_at"]])
    func scores(_ net: (DenseSpecification, Int), _ requestColumns: Set<String>) throws {
        let model = try Shop.model(net.0, sharedLayers: net.1)
        let scorer = try #require(model.light)
        let serving = try Self.served(model)
        for tableBytes in [0, 2_000, 1 << 24] {
            let ranker = try Ranker(serving, requestColumns: requestColumns, tableBytes: tableBytes)
            // More than a chunk of them.
            for count in [1, 7, 600] {
                let request = Shop.rows(UInt64(count)).filter { requestColumns.contains($0.key) }
                let candidates = (0..<count).map { row in
                    Shop.rows(UInt64(1_000 + row)).merging(request) { _, common in common }
                }
                let own = candidates.map { $0.filter { !requestColumns.contains($0.key) } }
                let expected = scorer.logits(Shop.batch(candidates)).map { 1 / (1 + exp(-$0)) }
                let found = try ranker.score(request: request, candidates: own)
                #expect(expected.count == found.count && zip(expected, found).allSatisfy { abs($0 - $1) < 2e-6 })
                #expect(Set(found).count > count / 3)
            }
        }
    }

    @Test("With bf16 scores are near those of f32, and not the same")
    func rounded() throws {
        guard ServingPrecision.bf16.isSupportedHere else { return }
        let serving = try Self.served(Shop.model(DenseSpecification([32, 16])))
        let candidates = (0..<100).map { Shop.values(UInt64($0), ofRequest: false) }
        let request = Shop.values(5, ofRequest: true)
        let scores = try [ServingPrecision.f32, .bf16].map { precision in
            try Ranker(serving, requestColumns: Shop.requestColumns, precision: precision, tableBytes: 0)
                .score(request: request, candidates: candidates)
        }
        let differences = zip(scores[0], scores[1]).map { abs($0 - $1) }
        #expect(differences.count == 100 && differences.allSatisfy { $0 < 0.02 } && differences.contains { $0 > 0 })
    }

    @Test(
        "Scoring what is encoded asks for no memory, except the matrix library for its packed operands",
        .enabled(if: allocation_count_works() != 0, "a sanitizer has its own allocator"))
    func allocation() throws {
        let ranker = try Ranker(
            Self.served(Shop.model(DenseSpecification([6, 4]))), requestColumns: Shop.requestColumns)
        var rows = RawRows(columns: ranker.encoder.candidateColumns)
        for seed in 0..<200 as Range<UInt64> { try rows.append(Shop.values(seed, ofRequest: false)) }
        let user = Shop.values(1, ofRequest: true)
        let values = ranker.encoder.requestColumns.map { user[$0] ?? .missing }
        var output = [Float](repeating: 0, count: 200)
        for _ in 0..<3 { try ranker.score(request: values, candidates: rows, into: &output) }
        var byLibrary = 0
        allocation_count_library("libdnnl")
        allocation_count_begin()
        try ranker.score(request: values, candidates: rows, into: &output)
        let count = allocation_count_end(&byLibrary)
        #expect(count == 0)
    }
}

@Suite struct FeatureEncoderTests {
    @Test("A value of the wrong kind is refused by row and column")
    func refused() throws {
        let encoder = try FeatureEncoder(Shop.features, requestColumns: Shop.requestColumns)
        func error(_ change: [String: RawValue]) -> ServingError? {
            var rows = RawRows(columns: encoder.candidateColumns, unknownColumns: .ignored)
            try? rows.append(Shop.values(1, ofRequest: false))
            try? rows.append(Shop.values(2, ofRequest: false).merging(change) { _, new in new })
            var (request, encoded) = (encoder.empty(), encoder.empty())
            let user = Shop.values(3, ofRequest: true).merging(change) { _, new in new }
            do throws(ServingError) {
                try encoder.encode(request: encoder.requestColumns.map { user[$0] ?? .missing }, into: &request)
                try encoder.encode(candidates: rows, of: request, into: &encoded)
                return nil
            } catch {
                return error
            }
        }
        #expect(error([:]) == nil)
        #expect(
            error(["price": "cheap"])
                == .value(row: 1, column: "price", found: "‘cheap’", expected: "a finite number"))
        #expect(error(["price": .number(.infinity)]) != nil)
        #expect(error(["price": .number(1e300)]) == nil)
        #expect(error(["age": .number(1e300)]) != nil)
        #expect(error(["price": "12.5"]) == nil)
        #expect(error(["ad_id": .list(["a"])]) != nil)
        #expect(error(["tags": "a"]) != nil)
        #expect(error(["tags": .list([.list(["a"])])]) != nil)
        #expect(error(["shown_at": "2026-01-05T10:00:00Z"]) == nil)
        #expect(error(["shown_at": "2026-01-05T10:00:00.123456+02:00"]) == nil)
        #expect(error(["shown_at": "2026-01-05 10:00"]) != nil)
        #expect(throws: ServingError.self) { try FeatureEncoder(Shop.features, requestColumns: ["colour"]) }
    }

    @Test("Times are those of the model's zone, whether they come as text or as seconds")
    func times() throws {
        let encoder = try FeatureEncoder(Shop.features, requestColumns: ["shown_at"])
        let ranker = try Ranker(
            ServingModel(
                model: Shop.model(DenseSpecification([4])).safetensors(),
                features: Array(Shop.features.canonicalJSON().utf8)), requestColumns: ["shown_at"])
        #expect(encoder.requestColumns == ["shown_at"])
        let candidates = [Shop.values(1, ofRequest: false)]
        func score(_ time: RawValue) throws -> [Float] {
            try ranker.score(request: ["shown_at": time], candidates: candidates)
        }
        // 18:45 UTC is a quarter past midnight of the next day in Kolkata.
        let evening = try score("2026-01-05T18:45:00Z")
        #expect(try score(.integer(1_767_638_700)) == evening)
        #expect(try score("2026-01-06T00:15:00.5+05:30") == evening)
        #expect(try score("2026-01-05T18:15:00Z") != evening)
    }

    @Test("Weights and features of different versions are told apart")
    func mismatch() throws {
        let model = try Shop.model(DenseSpecification([4])).safetensors()
        var other = Shop.features
        other.features[0].hashBits = 7
        #expect(throws: ServingError.self) {
            try ServingModel(model: model, features: Array(other.canonicalJSON().utf8))
        }
        #expect(throws: SafetensorsError.self) {
            try ServingModel(model: Array(model.prefix(100)), features: Array(Shop.features.canonicalJSON().utf8))
        }
    }
}

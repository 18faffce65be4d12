import CounterRandom
import FeatureCache
import Features
import Foundation
import Nets
import RocketLaunching
import RocketServing
import Training

/// A small model with a part of each kind, and its features.
enum FuzzModel {
    static let features = ServedFeatures(
        FeatureSpecification(features: [
            Feature(name: "user", column: "user_id", kind: .categorical, hashBits: 4),
            Feature(name: "tags", column: "tags", kind: .multiValued, hashBits: 3),
            other, Feature(name: "hour", column: "hour", kind: .hourOfDay),
            Feature(name: "age", column: "age", kind: .numeric, transform: .log1p),
            Feature(name: "bucket", column: "age", kind: .bucketed, buckets: 4, boundaries: [1, 5, 9]),
            Feature(name: "pair", column: "pair", kind: .cross, hashBits: 4, crossed: ["user", "hour"]),
        ]), timeColumn: "at", timeZone: "UTC",
        columnTypes: [
            "user_id": "bigint", "tags": "text[]", "age": "double precision", "at": "timestamp with time zone",
        ])

    private static var other: Feature {
        var feature = Feature(name: "friend", column: "friend", kind: .categorical, hashBits: 4)
        feature.table = "user"
        return feature
    }

    /// The same with a table of ids for the user and the friend.
    static let exactFeatures: ServedFeatures = {
        var served = features
        for index in served.features.indices where ["user", "friend"].contains(served.features[index].name) {
            served.features[index].hashBits = FeatureHasher.exactBits
        }
        return served
    }()

    /// Pulled folders of some arms and nets: `model.safetensors` and its features.
    static let folders: [(model: [UInt8], features: ServedFeatures)] = {
        let plain = DenseSpecification([3], crossLayers: 1)
        let dice = DenseSpecification([3], activation: .dice, batchNorm: true, linear: true)
        let shared = RocketSpecification(sharing: .embeddings, sharedLayers: 1)
        return [
            folder(.rocket, dice, [4, 3], RocketSpecification(), features),
            folder(.light, plain, [4], RocketSpecification(), features),
            folder(.rocket, [4, 2], [4, 3], shared, features),
            folder(.rocket, [4], [4, 3], RocketSpecification(), exactFeatures),
        ].compactMap(\.self)
    }()

    static var files: [[UInt8]] { folders.map(\.model) }

    private static func folder(
        _ arm: Arm, _ light: DenseSpecification, _ booster: DenseSpecification, _ rocket: RocketSpecification,
        _ served: ServedFeatures
    ) -> (model: [UInt8], features: ServedFeatures)? {
        let layout = InputLayout(
            fields: served.specification.fields.map { feature in
                FieldShape(
                    name: feature.name, rows: feature.hasIDTable ? 2 : feature.tableRows,
                    multiValued: feature.kind == .multiValued,
                    admission: feature.name == "pair" ? IDAdmission(minimumCount: 2, expireAfterDays: 3) : nil,
                    dim: feature.name == "tags" ? 3 : nil, pooling: feature.pooling.map { _ in .mean },
                    table: feature.table, hasIDTable: feature.hasIDTable ? true : nil)
            }, numerics: [NumericShape(name: "age", mean: 1, standardDeviation: 0.5)])
        let nets = NetSpecification(embeddingDim: 2, light: light, booster: booster)
        let fields = served.specification.fields.map { feature -> FieldColumn in
            let ids = (0..<40 as Range<UInt32>).map { $0 % UInt32(min(feature.tableRows, 1 << 20)) }
            return feature.kind == .multiValued ? .multi(offsets: Array(0...40), ids: ids) : .single(ids)
        }
        let batch = SparseBatch(
            labels: [UInt8](repeating: 0, count: 40), groups: [UInt64](repeating: 0, count: 40), fields: fields,
            numerics: [[Float](repeating: 1, count: 40)])
        let source = TrainingSource(rows: 40, clicks: 1, blocks: [{ batch }])
        let known = try? KnownIDs(layout, of: source, memory: EmbeddingMemory(nets, sharing: .embeddings))
        let trainer = CoTrainer(
            TrainingPlan(
                arm: arm, layout: layout, nets: nets, rocket: rocket,
                training: TrainingSpecification(
                    batches: .init(size: 8, slices: 1), seed: 1, machine: .init(threads: 1)), clickRate: 0.2),
            known: known)
        return (try? trainer.model.safetensors()).map { ($0, served) }
    }

    static let rows: [[String: RawValue]] = [
        ["user_id": 3, "tags": .list(["a", .missing]), "age": 4.5, "at": "2026-01-05T10:00:00Z", "friend": "7"],
        ["user_id": .missing, "age": .decimal("1e300"), "at": .number(1e30)], [:],
    ]

    static let errors: @Sendable (any Error) -> Bool = { $0 is ServingError || $0 is SafetensorsError }
}

extension FuzzTarget {
    /// A pulled folder: weights and features.
    static let model = FuzzTarget(name: "model") { random in
        let folder = FuzzModel.folders[Int(random.next() % UInt64(FuzzModel.folders.count))]
        var parts = [folder.model, Array(try folder.features.canonicalJSON().utf8)]
        if random.next() % 4 == 0 {
            parts[1] = try FeaturesText.mutated(folder.features, &random)
        } else {
            for _ in 0...random.next() % 3 { SafetensorsBytes.mutate(&parts[0], &random) }
        }
        return FuzzInput(parts: parts)
    } read: { input in
        let model: ServingModel
        do {
            model = try ServingModel(model: input.parts[0], features: input.parts[1])
            let ranker = try Ranker(model, unknownColumns: .ignored)
            for outcome in try ranker.outcomes(request: [:], candidates: FuzzModel.rows) {
                if case .success(let probability) = outcome, !(0...1).contains(probability) {
                    throw Wrong("a probability is \(probability)")
                }
            }
        } catch  where FuzzModel.errors(error) {
            return .refused
        }
        return .accepted
    }

    /// A whole model, as the next night reads it.
    static let trainedModel = FuzzTarget(name: "trained-model") { random in
        var file = FuzzModel.files[Int(random.next() % UInt64(FuzzModel.files.count))]
        for _ in 0...random.next() % 3 { SafetensorsBytes.mutate(&file, &random) }
        return FuzzInput(parts: [file])
    } read: { input in
        do {
            let model = try CoTrainedModel(safetensors: input.parts[0])
            // What is read is whole: written again, it is read again.
            _ = try CoTrainedModel(safetensors: model.safetensors())
        } catch  where error is SafetensorsError {
            return .refused
        }
        return .accepted
    }

    /// `features.json` by itself.
    static let features = FuzzTarget(name: "features") { random in
        FuzzInput(parts: [try FeaturesText.mutated(FuzzModel.features, &random)])
    } read: { input in
        guard let served = try? JSONDecoder().decode(ServedFeatures.self, from: Data(input.parts[0])) else {
            return .refused
        }
        do {
            let encoder = try FeatureEncoder(served)
            var rows = RawRows(columns: encoder.candidateColumns, unknownColumns: .ignored)
            for row in FuzzModel.rows { try rows.append(row) }
            var (encoded, problems) = (encoder.empty(), RowProblems())
            try encoder.encode(candidates: rows, of: encoder.empty(), into: &encoded, problems: &problems)
            for (field, feature) in zip(encoded.rows.fields, served.specification.fields) {
                guard field.ids.allSatisfy({ Int($0) < feature.tableRows }) else {
                    throw Wrong("an id of \(feature.name) is not below \(feature.tableRows)")
                }
            }
        } catch  where error is ServingError {
            return .refused
        }
        return .accepted
    }
}

/// `features.json`, spoiled.
enum FeaturesText {
    static func mutated(_ served: ServedFeatures, _ random: inout CounterRandom) throws -> [UInt8] {
        var tree = JSONTree(try served.canonicalJSON())
        for _ in 0...random.next() % 4 { tree.mutate(&random) }
        var bytes = Array(tree.text.utf8)
        if random.next() % 8 == 0 { Mutator.mutate(&bytes, with: [], &random) }
        return bytes
    }
}

/// A safetensors file, taken apart and put together again.
enum SafetensorsBytes {
    /// - Parameter described: the metadata's key whose text is JSON.
    static func mutate(_ file: inout [UInt8], described: String = "rocket", _ random: inout CounterRandom) {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(max(1, count))) }
        guard file.count > 8 else { return }
        let length = file.prefix(8).reversed().reduce(0) { $0 << 8 | Int($1) & 0xFF }
        guard below(6) > 0, length > 0, length <= file.count - 8,
            var header = String(validating: file[8..<8 + length], as: UTF8.self).map({ JSONTree($0) })
        else {
            switch below(3) {
            case 0:
                // The header's length.
                for place in 0..<8 where below(3) == 0 { file[place] = UInt8(below(256)) }
            default: Mutator.mutate(&file, with: FuzzModel.files, &random)
            }
            return
        }
        if below(3) > 0, case .object(var entries) = header,
            let place = entries.firstIndex(where: { $0.key == "__metadata__" }),
            case .object(var texts) = entries[place].value,
            let description = texts.firstIndex(where: { $0.key == described }),
            case .string(let escaped) = texts[description].value
        {
            // The description is JSON within a text of JSON.
            var tree = JSONTree(escaped.replacingOccurrences(of: "\\\"", with: "\""))
            for _ in 0...below(3) { tree.mutate(&random) }
            texts[description].value = .string(
                tree.text.replacingOccurrences(of: "\\", with: "\\\\").replacingOccurrences(of: "\"", with: "\\\""))
            entries[place].value = .object(texts)
            header = .object(entries)
        } else {
            header.mutate(&random)
        }
        let text = Array(header.text.utf8)
        let size = (0..<8).map { UInt8(truncatingIfNeeded: text.count >> (8 * $0)) }
        file = size + text + file[(8 + length)...]
    }
}

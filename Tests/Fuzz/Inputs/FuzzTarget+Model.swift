import CounterRandom
import FeatureCache
import Features
import Foundation
import Nets
import RocketLaunching
import RocketServing

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

    /// `model.safetensors` of some arms and nets.
    static let files: [[UInt8]] = {
        let layout = InputLayout(
            fields: features.specification.fields.map { feature in
                FieldShape(
                    name: feature.name, rows: feature.tableRows, multiValued: feature.kind == .multiValued,
                    admission: feature.name == "pair" ? IDAdmission(minimumCount: 2, expireAfterDays: 3) : nil,
                    dim: feature.name == "tags" ? 3 : nil, pooling: feature.pooling.map { _ in .mean },
                    table: feature.table)
            }, numerics: [NumericShape(name: "age", mean: 1, standardDeviation: 0.5)])
        let nets: [(Arm, DenseSpecification, DenseSpecification, RocketSpecification)] = [
            (
                .rocket, DenseSpecification([3], activation: .dice, batchNorm: true, linear: true), [4, 3],
                RocketSpecification()
            ),
            (.light, DenseSpecification([3], crossLayers: 1), [4], RocketSpecification()),
            (.rocket, [4, 2], [4, 3], RocketSpecification(sharing: .embeddings, sharedLayers: 1)),
        ]
        return nets.compactMap { arm, light, booster, rocket in
            try? CoTrainer(
                arm: arm, layout: layout, nets: NetSpecification(embeddingDim: 2, light: light, booster: booster),
                rocket: rocket, training: TrainingSpecification(batchSize: 8, seed: 1, slices: 1, threads: 1),
                clickRate: 0.2
            ).model.safetensors()
        }
    }()

    static let rows: [[String: RawValue]] = [
        ["user_id": 3, "tags": .list(["a", .missing]), "age": 4.5, "at": "2026-01-05T10:00:00Z", "friend": "7"],
        ["user_id": .missing, "age": .decimal("1e300"), "at": .number(1e30)], [:],
    ]

    static let errors: @Sendable (any Error) -> Bool = { $0 is ServingError || $0 is SafetensorsError }
}

extension FuzzTarget {
    /// A pulled folder: weights and features.
    static let model = FuzzTarget(name: "model") { random in
        var parts = [FuzzModel.files[Int(random.next() % UInt64(FuzzModel.files.count))], try featuresFile()]
        if random.next() % 4 == 0 {
            parts[1] = try FeaturesText.mutated(&random)
        } else {
            for _ in 0...random.next() % 3 { SafetensorsBytes.mutate(&parts[0], &random) }
        }
        return FuzzInput(parts: parts)
    } read: { input in
        let model: ServingModel
        do {
            model = try ServingModel(model: input.parts[0], features: input.parts[1])
            let ranker = try Ranker(model)
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
        FuzzInput(parts: [try FeaturesText.mutated(&random)])
    } read: { input in
        guard let served = try? JSONDecoder().decode(ServedFeatures.self, from: Data(input.parts[0])) else {
            return .refused
        }
        do {
            let encoder = try FeatureEncoder(served)
            var rows = RawRows(columns: encoder.candidateColumns)
            for row in FuzzModel.rows { rows.append(row) }
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

    private static func featuresFile() throws -> [UInt8] { Array(try FuzzModel.features.canonicalJSON().utf8) }
}

/// `features.json`, spoiled.
enum FeaturesText {
    static func mutated(_ random: inout CounterRandom) throws -> [UInt8] {
        var tree = JSONTree(try FuzzModel.features.canonicalJSON())
        for _ in 0...random.next() % 4 { tree.mutate(&random) }
        var bytes = Array(tree.text.utf8)
        if random.next() % 8 == 0 { Mutator.mutate(&bytes, with: [], &random) }
        return bytes
    }
}

/// A safetensors file, taken apart and put together again.
enum SafetensorsBytes {
    static func mutate(_ file: inout [UInt8], _ random: inout CounterRandom) {
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
            let description = texts.firstIndex(where: { $0.key == "rocket" }),
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

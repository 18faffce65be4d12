import Features
import Nets
import Testing

@testable import ONNXExport

@Suite struct LightNetGraphTests {
    static let features = ServedFeatures(
        FeatureSpecification(features: [
            Feature(name: "user", column: "user_id", kind: .categorical, hashBits: 4),
            Feature(name: "tags", column: "tags", kind: .multiValued, hashBits: 3),
            Feature(name: "age", column: "age", kind: .numeric, transform: .log1p),
        ]), timeColumn: "at", timeZone: "UTC")

    static func file(
        ids: IDTable? = nil, light: DenseSpecification = [5, 3], number: String = "age",
        features: ServedFeatures = LightNetGraphTests.features
    ) throws -> Onnx_ModelProto {
        let layout = InputLayout(
            fields: [
                FieldShape(
                    name: "user", rows: ids?.rows ?? 16, multiValued: false, hasIDTable: ids == nil ? nil : true),
                FieldShape(name: "tags", rows: 8, multiValued: true, pooling: .mean),
            ], numerics: [NumericShape(name: number, mean: 1, standardDeviation: 0.5)])
        let embeddings = EmbeddingTables(layout: layout, dim: 2)
        embeddings.initialise(seed: 1, stream: 1, deviation: 0.05)
        let branch = Branch(
            ids: IDTables([ids, nil]), embeddings: embeddings, trunk: nil,
            dense: DenseNet(input: layout.inputWidth(embeddingDim: 2), light), linear: nil)
        let bytes = try LightNetGraph.file(of: branch, features: features, name: "views", program: "9.9.9")
        return try Onnx_ModelProto(serializedBytes: bytes)
    }

    static func dimensions(_ value: Onnx_ValueInfoProto) -> [String] {
        value.type.tensorType.shape.dim.map(\.dimParam)
    }

    @Test("The graph has an input per feature, all of open sizes, and one output, the probability of each row")
    func inputs() throws {
        let graph = try Self.file().graph
        #expect(graph.name == "views")
        #expect(graph.input.map(\.name) == ["user", "tags", "age"])
        #expect(graph.input.map(Self.dimensions) == [["batch"], ["batch", "tags_count"], ["batch"]])
        // ONNX's numbers of int64 and float.
        #expect(graph.input.map(\.type.tensorType.elemType) == [7, 7, 1])
        #expect(graph.output.map(\.name) == ["probability"] && Self.dimensions(graph.output[0]) == ["batch"])
        #expect(try Self.file(number: "probability").graph.output.map(\.name) == ["click_probability"])
    }

    @Test("Every node reads what is an input, a tensor or the output of a node before it")
    func order() throws {
        for light in [[5, 3], DenseSpecification([4], activation: .dice, batchNorm: true, crossLayers: 1)] {
            let graph = try Self.file(ids: IDTable([3, 9, 12]), light: light).graph
            var known = Set(graph.input.map(\.name) + graph.initializer.map(\.name))
            for node in graph.node {
                #expect(node.input.allSatisfy(known.contains), "\(node.name) \(node.input)")
                #expect(known.isDisjoint(with: node.output))
                known.formUnion(node.output)
            }
            #expect(graph.output.allSatisfy { known.contains($0.name) })
        }
    }

    @Test("Tables and layers have the shapes of the net")
    func shapes() throws {
        let graph = try Self.file().graph
        func shape(_ name: String) -> [Int64]? { graph.initializer.first { $0.name == "/\(name)" }?.dims }
        #expect(shape("embedding/user") == [16, 2] && shape("embedding/tags") == [8, 2])
        // Two embeddings, the number and whether it is missing.
        #expect(shape("light/0/weight")?.sorted() == [5, 6] && shape("light/1/weight")?.sorted() == [3, 5])
    }

    @Test("A table of ids becomes a LabelEncoder, and only then the file needs the domain that has it")
    func idTable() throws {
        let (plain, exact) = try (Self.file(), Self.file(ids: IDTable([3, 9, 12])))
        #expect(plain.opsetImport.map(\.domain) == [""] && exact.opsetImport.map(\.domain) == ["", "ai.onnx.ml"])
        #expect(!plain.graph.node.contains { $0.opType == "LabelEncoder" })
        let encoder = try #require(exact.graph.node.first { $0.opType == "LabelEncoder" })
        func ints(_ name: String) -> [Int64]? { encoder.attribute.first { $0.name == name }?.ints }
        #expect(ints("keys_int64s") == [-1, 0, 3, 9, 12] && ints("values_int64s") == [-1, 0, 1, 2, 3])
    }

    @Test("The metadata say who made the file and how raw values become ids")
    func metadata() throws {
        let model = try Self.file()
        let metadata = Dictionary(uniqueKeysWithValues: model.metadataProps.map { ($0.key, $0.value) })
        #expect(model.producerName == "rocket" && model.producerVersion == "9.9.9" && model.irVersion == 8)
        #expect(try metadata["features"] == Self.features.canonicalJSON())
        #expect(model.modelVersion == 0 && metadata["version"] == nil && metadata["model"] == nil)
        #expect(metadata["id_rule"]?.contains("XXH64") == true && metadata["input_rule"]?.isEmpty == false)
    }

    @Test("A file that is completed by labels says which version it is, and is otherwise the same")
    func version() throws {
        var features = Self.features
        (features.model, features.version) = ("shop", 12)
        (features.trainedFrom, features.trainedTo) = ("2026-01-06", "2026-01-12")
        let whole = try Self.file(features: features)
        let metadata = Dictionary(uniqueKeysWithValues: whole.metadataProps.map { ($0.key, $0.value) })
        #expect(whole.modelVersion == 12 && metadata["version"] == "12" && metadata["model"] == "shop")
        #expect(metadata["trained_from"] == "2026-01-06" && metadata["trained_to"] == "2026-01-12")
        #expect(try metadata["features"] == features.canonicalJSON())
        #expect(try whole.graph == Self.file().graph)
    }
}

import Arrays
import Features
import Foundation
import Nets

/// A model's light net as an ONNX file, opset 17, IR version 8.
///
/// Inputs, each named after its feature: ids of a field `[batch]` (int64), of a multi-valued field `[batch, k]` padded
/// with −1; numbers `[batch]` (float) after their transform, NaN if missing. Output: `probability` `[batch]`. The
/// metadata say how raw values become ids and which version it is. https://github.com/onnx/onnx/blob/main/docs/IR.md
package struct LightNetGraph {
    static let opset = 17
    static let irVersion = 8
    /// The domain of `LabelEncoder`, the only operator outside the main domain; files without tables of ids do not need
    /// it.
    private static let mlDomain = "ai.onnx.ml"
    private static let mlOpset = 2
    private let branch: Branch
    private let features: ServedFeatures
    private var graph: Graph

    /// - Parameters:
    ///   - name: The model's name.
    ///   - program: This program's version.
    /// - Returns: The file's bytes.
    /// - Throws: `ONNXExportError.tooLarge`.
    package static func file(
        of branch: Branch, features: ServedFeatures, name: String, program: String
    ) throws -> [UInt8] {
        try unlabelled(of: branch, features: features, name: name, program: program) + labels(features)
    }

    /// Returns what a file ends with: the version, and how its inputs are made.
    ///
    /// Messages that stand one after the other are one message, so that a file made before its version has a number is
    /// completed by appending.
    package static func labels(_ features: ServedFeatures) throws -> [UInt8] {
        var model = Onnx_ModelProto()
        model.modelVersion = Int64(features.version ?? 0)
        let labels: [(String, String?)] = [
            ("features", try features.canonicalJSON()), ("id_rule", idRule), ("input_rule", inputRule),
            ("model", features.model), ("version", features.version.map(String.init)),
            ("trained_from", features.trainedFrom), ("trained_to", features.trainedTo),
        ]
        model.metadataProps = labels.compactMap { key, value in
            guard let value else { return nil }
            var entry = Onnx_StringStringEntryProto()
            (entry.key, entry.value) = (key, value)
            return entry
        }
        return try model.serializedBytes()
    }

    /// Returns a file without its labels.
    package static func unlabelled(
        of branch: Branch, features: ServedFeatures, name: String, program: String
    ) throws -> [UInt8] {
        var model = Onnx_ModelProto()
        model.irVersion = Int64(irVersion)
        model.producerName = "rocket"
        model.producerVersion = program
        model.opsetImport = [("", Self.opset)].map(Self.operators)
        if branch.ids.tables.contains(where: { $0 != nil }) {
            model.opsetImport.append(Self.operators(Self.mlDomain, Self.mlOpset))
        }
        // A key and a value of at most five bytes each.
        let bytes =
            branch.arrays.reduce(0) { $0 + 4 * $1.array.count }
            + branch.ids.tables.reduce(0) { $0 + 10 * ($1?.ids.count ?? 0) }
        guard bytes < mostBytes else { throw ONNXExportError.tooLarge(bytes: bytes, most: mostBytes) }
        var graph = LightNetGraph(branch, features, Graph(name: name))
        graph.build()
        model.graph = graph.graph.proto
        return try model.serializedBytes()
    }

    private static func operators(_ domain: String, _ version: Int) -> Onnx_OperatorSetIdProto {
        var operators = Onnx_OperatorSetIdProto()
        (operators.domain, operators.version) = (domain, Int64(version))
        return operators
    }

    /// The largest file: a protobuf message is limited to 2 GiB.
    private static let mostBytes = 2_000_000_000

    private static let idRule = """
        categorical, multi_valued: 1 + XXH64(value, seed) mod (2^hashBits - 1), seed = XXH64(table or else name, 0), \
        over the UTF-8 bytes of the value's text form. cross: the same over the hashes of the crossed features, 8 \
        bytes each, little endian, in their order; the hash of a feature without hash is that of its id's decimal text \
        with its own seed; a hash 0 counts as 1. The graph itself finds the embedding rows of these ids. bucketed: 1 + \
        number of boundaries below the value. history: impressions, clicks or the rate's log odds above the prior's of \
        the key in the newest table of earlier days (history.safetensors), as an id like a bucketed number, or as a \
        number; a key that is not in the table is missing. hour_of_day: 1 + hour in timeZone of timeColumn; day_of_week: 1 (Monday) \
        to 7. Missing, also in a cross: 0.
        """
    private static let inputRule = """
        ids int64 [batch]; multi_valued [batch, k], padded with -1, an empty list is one 0; numeric float [batch] \
        after its transform (identity, or log1p: sign(x) ln(1 + |x|)), NaN is missing
        """

    private init(_ branch: Branch, _ features: ServedFeatures, _ graph: Graph) {
        self.branch = branch
        self.features = features
        self.graph = graph
    }

    private mutating func build() {
        let layout = branch.embeddings.layout
        let ids = layout.fields.map { field in
            graph.input(
                field.name, .int64, field.multiValued ? ["batch", "\(field.name)_count"] : ["batch"],
                doc: "ids 0 to \(field.hasIDTable == true ? Int(IDTable.largestID) : field.rows - 1); 0 is missing"
                    + (field.multiValued ? ", -1 is no id" : ""))
        }.enumerated().map { field, ids in branch.ids[field].map { rows(of: ids, $0) } ?? ids }
        var columns = ids.indices.map { embed(ids[$0], field: $0, branch.embeddings, "embedding") }
        for shape in layout.numerics { columns += numeric(shape) }
        let x = columns.count == 1 ? columns[0] : graph.add("Concat", columns, [("axis", .int(1))])
        var y = x
        if let trunk = branch.trunk { y = layers(of: trunk, "shared", y) }
        y = layers(of: branch.dense, "light", y)
        if let linear = branch.linear {
            for index in ids.indices {
                y = graph.add("Add", [y, embed(ids[index], field: index, linear.tables, "linear")])
            }
        }
        let axes = graph.int64s("axis_1", [1], shape: [1])
        let probability = graph.add("Squeeze", [graph.add("Sigmoid", [y]), axes])
        let names = Set(layout.fields.map(\.name) + layout.numerics.map(\.name))
        graph.output(
            names.contains("probability") ? "click_probability" : "probability", .float, ["batch"],
            doc: "of a click", from: probability)
    }

    /// Maps ids to rows through a table of ids; −1, which is no id, stays.
    private mutating func rows(of ids: String, _ table: IDTable) -> String {
        graph.add(
            "LabelEncoder",
            [ids],
            [
                ("keys_int64s", .ints([-1, 0] + table.ids.map { Int64($0) })),
                ("values_int64s", .ints([-1, 0] + (0..<table.ids.count).map { Int64($0 + 1) })),
                ("default_int64", .int(table.unseenRow)),
            ], domain: Self.mlDomain)
    }

    /// Adds the embedding of a field's rows, `[batch, dim]`.
    private mutating func embed(_ ids: String, field: Int, _ tables: EmbeddingTables, _ prefix: String) -> String {
        let (shape, dim) = (tables.layout.fields[field], tables.dims[field])
        let owner = tables.layout.owners[field]
        let table = graph.tensor(
            "\(prefix)/\(tables.layout.fields[owner].name)", [shape.rows, dim], tables.tables[field],
            0..<shape.rows * dim)
        guard shape.multiValued else { return graph.add("Gather", [table, ids]) }
        let zero = graph.int64s("zero", [0], shape: [])
        let gathered = graph.add("Gather", [table, graph.add("Max", [ids, zero])])
        let isID = graph.add("Cast", [graph.add("GreaterOrEqual", [ids, zero])], [("to", .int(1))])
        let mask = graph.add("Unsqueeze", [isID, graph.int64s("axis_2", [2], shape: [1])])
        let axis = graph.int64s("axis_1", [1], shape: [1])
        let sum = graph.add("ReduceSum", [graph.add("Mul", [gathered, mask]), axis], [("keepdims", .int(0))])
        guard shape.pooling == .mean else { return sum }
        let count = graph.add("ReduceSum", [isID, axis], [("keepdims", .int(1))])
        return graph.add("Div", [sum, graph.add("Max", [count, graph.floats("one", [1])])])
    }

    /// Adds the standardised number and whether it is missing, `[batch, 1]` each. In Float64, as in training.
    private mutating func numeric(_ shape: NumericShape) -> [String] {
        let value = graph.input(shape.name, .float, ["batch"], doc: "after its transform; NaN is missing")
        let isMissing = graph.add("IsNaN", [value])
        let wide = graph.add("Cast", [value], [("to", .int(11))])
        let centred = graph.add("Sub", [wide, graph.double("\(shape.name)/mean", shape.mean)])
        let scaled = graph.add("Div", [centred, graph.double("\(shape.name)/deviation", shape.standardDeviation)])
        let narrow = graph.add("Cast", [scaled], [("to", .int(1))])
        let known = graph.add("Where", [isMissing, graph.floats("nought", [0]), narrow])
        let flag = graph.add("Cast", [isMissing], [("to", .int(1))])
        let axis = graph.int64s("axis_1", [1], shape: [1])
        return [known, flag].map { graph.add("Unsqueeze", [$0, axis]) }
    }

    /// Adds a stack of layers over x `[batch, in]`.
    private mutating func layers(of net: DenseNet, _ prefix: String, _ x: String) -> String {
        var y = x
        for layer in 0..<net.layers {
            let shape = net.shape(layer)
            let name = "\(prefix)/\(layer)"
            func tensor(_ end: String, _ array: FloatArray, _ range: Range<Int>) -> String {
                graph.tensor("\(name)/\(end)", [shape[1]], array, range)
            }
            let weights = graph.tensor("\(name)/weight", shape, net.parameters, net.weights(layer))
            var u = graph.add("Gemm", [y, weights, tensor("bias", net.parameters, net.biases(layer))])
            let kind = net.kind(layer)
            if kind == .cross {
                y = graph.add("Add", [graph.add("Mul", [x, u]), y])
                continue
            }
            let extras = Dictionary(
                uniqueKeysWithValues: net.extras(layer).map { ($0.name, tensor($0.name, $0.array, $0.range)) })
            func normalised(_ values: String, _ scale: String, _ shift: String, _ running: String) -> String {
                let names = ["\(running)_mean", "\(running)_variance"].compactMap { extras[$0] }
                return graph.add("BatchNormalization", [values, scale, shift] + names, [("epsilon", .float(1e-5))])
            }
            if let scale = extras["scale"], let shift = extras["shift"] { u = normalised(u, scale, shift, "running") }
            switch kind {
            case .hidden(.relu): y = graph.add("Relu", [u])
            case .hidden(.prelu): y = graph.add("PRelu", [u, extras["slope"] ?? ""])
            case .hidden(.dice):
                let (ones, zeros) = (
                    graph.floats("\(name)/ones", [Float](repeating: 1, count: shape[1]), shape: [shape[1]]),
                    graph.floats("\(name)/zeros", [Float](repeating: 0, count: shape[1]), shape: [shape[1]])
                )
                let p = graph.add("Sigmoid", [normalised(u, ones, zeros, "dice")])
                let rest = graph.add("Sub", [graph.floats("one", [1]), p])
                let share = graph.add("Add", [p, graph.add("Mul", [rest, extras["slope"] ?? ""])])
                y = graph.add("Mul", [share, u])
            default: y = u
            }
        }
        return y
    }
}

/// The reason why a model has no ONNX file.
public enum ONNXExportError: Error, Equatable, CustomStringConvertible {
    case tooLarge(bytes: Int, most: Int)

    public var description: String {
        switch self {
        case .tooLarge(let bytes, let most):
            "the light net with its embeddings has \(bytes) bytes, an ONNX file holds \(most); serve model.safetensors "
                + "with RocketServing, or give large fields fewer hash_bits or a smaller embedding_dim"
        }
    }
}

import FeatureCache
import Foundation
import Nets

/// The parameters of an arm: embedding tables and the nets that it trains.
public struct CoTrainedModel: Sendable {
    public let layout: InputLayout
    public let nets: NetSpecification
    public let arm: Arm
    /// W_S when shared; otherwise the light net's own.
    let embeddings: EmbeddingTables
    /// The booster's own tables when nothing is shared; otherwise the same object as `embeddings`.
    let boosterEmbeddings: EmbeddingTables
    /// Which ids have an embedding of their own, and why; nil where no field has a rule.
    public private(set) var admission: AdmissionCounts?
    let lightNet: DenseNet?
    let boosterNet: DenseNet?

    /// An untrained model.
    ///
    /// - Parameter logitBias: where both nets begin: at the click rate, so that a rare click is no surprise.
    init(
        arm: Arm, layout: InputLayout, nets: NetSpecification, sharing: Sharing, seed: UInt64, logitBias: Double
    ) {
        self.arm = arm
        self.layout = layout
        self.nets = nets
        embeddings = EmbeddingTables(layout: layout, dim: nets.embeddingDim)
        embeddings.initialise(seed: seed, stream: 0x454D_0000, deviation: 0.05)
        if arm.trainsLight, arm.trainsBooster, sharing == .nothing {
            boosterEmbeddings = EmbeddingTables(layout: layout, dim: nets.embeddingDim)
            boosterEmbeddings.initialise(seed: seed, stream: 0x4542_0000, deviation: 0.05)
        } else {
            boosterEmbeddings = embeddings
        }
        let width = layout.inputWidth(embeddingDim: nets.embeddingDim)
        lightNet = !arm.trainsLight ? nil : DenseNet(input: width, hidden: nets.light)
        boosterNet = !arm.trainsBooster ? nil : DenseNet(input: width, hidden: nets.booster)
        let bias = Float(logitBias)
        lightNet?.initialise(seed: seed, stream: 0x4C49_0000, logitBias: bias)
        boosterNet?.initialise(seed: seed, stream: 0x424F_0000, logitBias: bias)
    }

    /// Moves all logits of both nets by an amount.
    func addToLogits(_ amount: Float) {
        guard amount != 0 else { return }
        for net in [lightNet, boosterNet].compactMap({ $0 }) {
            for index in net.biases(net.layers - 1) { net.parameters[index] += amount }
        }
    }

    /// Ends training: ids that are not admitted take their field's rare embedding.
    mutating func admit(_ counts: AdmissionCounts?) {
        guard let counts else { return }
        admission = counts
        counts.shareRareRows(of: embeddings)
        if !sharesEmbeddings { counts.shareRareRows(of: boosterEmbeddings) }
    }

    var sharesEmbeddings: Bool { embeddings === boosterEmbeddings }

    /// What holds a weight that is no finite number: a field's embeddings or a net; nil when all are finite.
    var notFinite: String? {
        for tables in [embeddings, boosterEmbeddings] {
            for (field, table) in zip(layout.fields, tables.tables) where !table.norm.isFinite {
                return "the embeddings of \(field.name)"
            }
        }
        if let lightNet, !lightNet.parameters.norm.isFinite { return "the light net's weights" }
        if let boosterNet, !boosterNet.parameters.norm.isFinite { return "the booster's weights" }
        return nil
    }

    /// Scores with the light net, nil where the arm has none.
    public var light: Scorer? { lightNet.map { Scorer(embeddings: embeddings, net: $0) } }
    /// Scores with the booster net, nil where the arm has none.
    public var booster: Scorer? { boosterNet.map { Scorer(embeddings: boosterEmbeddings, net: $0) } }

    /// Dense parameters of the light net.
    public var lightParameters: Int { lightNet?.parameters.count ?? 0 }
    /// Dense parameters of the booster net.
    public var boosterParameters: Int { boosterNet?.parameters.count ?? 0 }
    /// Parameters of all embedding tables.
    public var embeddingParameters: Int {
        embeddings.parameterCount + (sharesEmbeddings ? 0 : boosterEmbeddings.parameterCount)
    }
}

extension CoTrainedModel {
    /// What a file needs besides tensors.
    private struct Description: Codable {
        var layout: InputLayout
        var nets: NetSpecification
        var arm: Arm
        var sharesEmbeddings: Bool
    }

    /// The weights as a safetensors file: `embedding.<field>` `[rows, dim]`, `light.<layer>.weight` `[in, out]`,
    /// `light.<layer>.bias` `[out]`, the same for `booster`, and `booster_embedding.<field>` when nothing is shared. A field
    /// with an admission rule adds `embedding.<field>.rare` `[1, dim]` and, as Int32 `[rows]`, `admission_count.<field>`
    /// and `admission_last_seen.<field>` (days since 1970-01-01).
    public func safetensors() throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let description = Description(layout: layout, nets: nets, arm: arm, sharesEmbeddings: sharesEmbeddings)
        file.metadata["rocket"] = String(decoding: try encoder.encode(description), as: UTF8.self)
        visit { name, shape, array, range in
            file.tensors[name] = Safetensors.Tensor(shape: shape, values: range.map { array[$0] })
        }
        if let admission {
            file.metadata["admission_last_day"] = "\(admission.lastDay)"
            for (shape, counts) in zip(layout.fields, admission.fields) {
                guard let counts else { continue }
                file.integers["admission_count.\(shape.name)"] = Safetensors.Integers(
                    shape: [shape.rows], values: counts.counts)
                file.integers["admission_last_seen.\(shape.name)"] = Safetensors.Integers(
                    shape: [shape.rows], values: counts.lastSeen)
            }
        }
        return try file.encoded()
    }

    /// Reads weights back; they score bit for bit as those that were written.
    ///
    /// - Throws: `SafetensorsError`.
    public init(safetensors bytes: [UInt8]) throws {
        let file = try Safetensors(bytes)
        guard let text = file.metadata["rocket"],
            let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8))
        else { throw SafetensorsError.metadata("rocket") }
        self.init(
            arm: description.arm, layout: description.layout, nets: description.nets,
            sharing: description.sharesEmbeddings ? .embeddings : .nothing, seed: 0, logitBias: 0)
        var problem: SafetensorsError?
        visit { name, shape, array, range in
            guard let tensor = file.tensors[name], tensor.shape == shape else {
                problem = problem ?? .tensor(name: name, expected: shape, found: file.tensors[name]?.shape)
                return
            }
            for (index, value) in zip(range, tensor.values) { array[index] = value }
        }
        if let problem { throw problem }
        try readAdmission(file)
    }

    private mutating func readAdmission(_ file: Safetensors) throws {
        guard var counts = AdmissionCounts(layout), let text = file.metadata["admission_last_day"] else { return }
        guard let lastDay = Int32(text) else { throw SafetensorsError.metadata("admission_last_day") }
        counts.lastDay = lastDay
        for (index, shape) in layout.fields.enumerated() where shape.admission != nil {
            func integers(_ name: String) throws -> [Int32] {
                guard let tensor = file.integers["\(name).\(shape.name)"], tensor.shape == [shape.rows] else {
                    throw SafetensorsError.tensor(
                        name: "\(name).\(shape.name)", expected: [shape.rows],
                        found: file.integers["\(name).\(shape.name)"]?.shape)
                }
                return tensor.values
            }
            counts.fields[index]?.counts = try integers("admission_count")
            counts.fields[index]?.lastSeen = try integers("admission_last_seen")
        }
        admission = counts
    }

    /// Every tensor with its name, its shape and where it lies.
    private func visit(_ body: (String, [Int], FloatArray, Range<Int>) -> Void) {
        func visit(_ tables: EmbeddingTables, _ prefix: String) {
            for (field, table) in zip(layout.fields, tables.tables) {
                let own = field.rows * nets.embeddingDim
                body("\(prefix).\(field.name)", [field.rows, nets.embeddingDim], table, 0..<own)
                if field.admission != nil {
                    body("\(prefix).\(field.name).rare", [1, nets.embeddingDim], table, own..<table.count)
                }
            }
        }
        func visit(_ net: DenseNet, _ prefix: String) {
            for layer in 0..<net.layers {
                let shape = [net.widths[layer], net.widths[layer + 1]]
                body("\(prefix).\(layer).weight", shape, net.parameters, net.weights(layer))
                body("\(prefix).\(layer).bias", [shape[1]], net.parameters, net.biases(layer))
            }
        }
        visit(embeddings, "embedding")
        if !sharesEmbeddings { visit(boosterEmbeddings, "booster_embedding") }
        if let lightNet { visit(lightNet, "light") }
        if let boosterNet { visit(boosterNet, "booster") }
    }
}

import Arrays
import Foundation
import Nets
import RocketLaunching

extension CoTrainedModel {
    /// The weights as a safetensors file: `embedding.<field>` `[rows, dim]`, `light.<layer>.weight` `[in, out]`,
    /// `light.<layer>.bias` `[out]`, the same for `booster` and for `shared` layers, and `booster_embedding.<field>`
    /// when nothing is shared. Of several light nets each has its name in place of `light`, and
    /// `<name>_embedding.<field>` where the light nets share none. Batch-norm adds
    /// `light.<layer>.scale`, `.shift`, `.running_mean`, `.running_variance`,
    /// PReLU `.slope`, Dice `.slope`, `.dice_mean`, `.dice_variance`, all `[out]`; a linear part `light_linear.<field>`
    /// `[rows, 1]`. A field whose ids have rows by a table adds `ids.<field>`, Int32 `[rows − 2]`, ascending: row 0 is
    /// for missing, row `i + 1` for `ids[i]`, the last for every other id. A field with an admission rule adds, as
    /// Int32, `admission_count.<field>` and `admission_last_seen.<field>` (days since 1970-01-01): with a table of ids
    /// `[met]`, of the ids `admission_id.<field>`; otherwise `[rows]`, and `embedding.<field>.rare` `[1, dim]`.
    public func safetensors() throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        file.metadata[ModelDescription.key] = String(decoding: try encoder.encode(description), as: UTF8.self)
        visit { name, shape, array, range in
            file.tensors[name] = Safetensors.Tensor(shape: shape, values: range.map { array[$0] })
        }
        if let admission {
            file.metadata["admission_last_day"] = "\(admission.lastDay)"
            for (shape, counts) in zip(layout.fields, admission.fields) {
                guard let counts else { continue }
                func write(_ name: String, _ values: [Int32]) {
                    file.integers["\(name).\(shape.name)"] = Safetensors.Integers(
                        shape: [values.count], values: values)
                }
                write("admission_count", counts.counts)
                write("admission_last_seen", counts.lastSeen)
                if let ids = counts.ids { write("admission_id", ids.map { Int32(bitPattern: $0) }) }
            }
        }
        ids.write(to: &file, layout)
        return try file.encoded()
    }

    /// Reads weights back; they score bit for bit as those that were written.
    ///
    /// - Throws: `SafetensorsError`.
    public init(safetensors bytes: [UInt8]) throws {
        let file = try Safetensors(bytes)
        let description = try ModelDescription(file)
        guard let arm = Arm(rawValue: description.arm) else {
            throw SafetensorsError.metadata(ModelDescription.key)
        }
        try file.require(description.tensors(of: arm))
        let sharedLayers = description.sharedLayers ?? 0
        let sharing: Sharing =
            description.lightsShareEmbeddings == true
            ? .lights : description.sharesEmbeddings || sharedLayers > 0 ? .embeddings : .nothing
        let plan = TrainingPlan(
            arm: arm, layout: description.layout, nets: description.nets,
            rocket: RocketSpecification(sharing: sharing, sharedLayers: sharedLayers),
            training: TrainingSpecification(), clickRate: 0.5)
        self.init(plan, ids: try IDTables(file, description.layout))
        // Each net was kept at its own best point.
        if !description.sharesEmbeddings, self.sharing == .embeddings {
            let others = branches.dropFirst().map { ($0.net, $0.branch.copy()) }
            take(Dictionary(uniqueKeysWithValues: others), sharing: .nothing)
        }
        try file.read(visit)
        try readAdmission(file)
    }

    private mutating func readAdmission(_ file: Safetensors) throws {
        guard var counts = AdmissionCounts(layout), let text = file.metadata["admission_last_day"] else { return }
        guard let lastDay = Int32(text) else { throw SafetensorsError.metadata("admission_last_day") }
        counts.lastDay = lastDay
        for (index, shape) in layout.fields.enumerated() where shape.admission != nil {
            func integers(_ name: String, _ count: Int?) throws -> [Int32] {
                let tensor = file.integers["\(name).\(shape.name)"]
                let expected = [count ?? tensor?.values.count ?? 0]
                guard let tensor, tensor.shape == expected else {
                    throw SafetensorsError.tensor(
                        name: "\(name).\(shape.name)", expected: expected, found: tensor?.shape)
                }
                return tensor.values
            }
            var rows = shape.rows
            if shape.hasIDTable == true {
                let met = try integers("admission_id", nil).map { UInt32(bitPattern: $0) }
                guard IDTable(met) != nil else {
                    throw SafetensorsError.malformed(
                        "the ids of admission_id.\(shape.name) are not ascending numbers above 0")
                }
                counts.fields[index]?.ids = met
                rows = met.count
            }
            counts.fields[index]?.counts = try integers("admission_count", rows)
            counts.fields[index]?.lastSeen = try integers("admission_last_seen", rows)
        }
        admission = counts
    }

    /// Every tensor with its name, its shape and where it lies.
    private func visit(_ body: Safetensors.Visitor) {
        for (name, _, tables) in embeddings { tables.visit(name, body) }
        for (net, branch) in branches { branch.linear?.tables.visit("\(net.name)_linear", body) }
        for (name, net) in denseNets { net.visit(name, body) }
    }
}

extension ModelDescription {
    /// The tensors of an arm's model.
    fileprivate func tensors(of arm: Arm) -> [TensorShape] {
        arm.nets(nets.lightNames.map { .light($0) }).enumerated().flatMap { index, net in
            let prefixes = prefixes(of: net.name, isFirst: index == 0)
            return tensors(of: net.name, embeddings: prefixes.embeddings, shared: prefixes.shared)
        }
    }
}

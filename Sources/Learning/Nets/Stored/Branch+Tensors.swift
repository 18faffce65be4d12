import Arrays

extension Safetensors {
    /// Is told a tensor's name, its shape, the array that holds it and where it lies there.
    package typealias Visitor = (String, [Int], FloatArray, Range<Int>) -> Void

    /// Fills all that is visited with the file's tensors.
    ///
    /// - Throws: `SafetensorsError.tensor` where one is missing or has another shape.
    package func read(_ visit: (Visitor) -> Void) throws {
        var problem: SafetensorsError?
        visit { name, shape, array, range in
            guard let tensor = tensors[name], tensor.shape == shape else {
                problem = problem ?? .tensor(name: name, expected: shape, found: tensors[name]?.shape)
                return
            }
            for (index, value) in zip(range, tensor.values) { array[index] = value }
        }
        if let problem { throw problem }
    }
}

extension Safetensors {
    /// Makes sure of tensors before anything is allocated by a description's numbers.
    ///
    /// - Throws: `SafetensorsError.tensor` where one is missing or has another shape.
    package func require(_ expected: [TensorShape]) throws {
        for tensor in expected where tensors[tensor.name]?.shape != tensor.shape {
            throw SafetensorsError.tensor(
                name: tensor.name, expected: tensor.shape, found: tensors[tensor.name]?.shape)
        }
    }
}

/// What a tensor of a model's file must be.
package struct TensorShape {
    package var name: String
    package var shape: [Int]
}

extension InputLayout {
    /// The tensors that `EmbeddingTables.visit` names.
    ///
    /// - Parameter dims: numbers per embedding of each field.
    package func tensors(_ prefix: String, dims: [Int]) -> [TensorShape] {
        ownFields.flatMap { index -> [TensorShape] in
            let (field, dim) = (fields[index], dims[index])
            let table = TensorShape(name: "\(prefix).\(field.name)", shape: [field.rows, dim])
            guard field.hasRareRow else { return [table] }
            return [table, TensorShape(name: "\(prefix).\(field.name).rare", shape: [1, dim])]
        }
    }
}

extension ModelDescription {
    /// The tensors of a net and its embeddings; empty where there is no net of the name.
    ///
    /// - Parameters:
    ///   - embeddings: the prefix of the embeddings' names.
    ///   - shared: that of shared layers.
    package func tensors(of name: String, embeddings: String, shared prefix: String) -> [TensorShape] {
        guard let net = nets.dense(of: name) else { return [] }
        let dim = nets.embeddingDim(of: name)
        let (shared, own) = denseTensors(net, name, dim: dim, shared: prefix)
        let linear = net.linear ? layout.tensors("\(name)_linear", dims: layout.fields.map { _ in 1 }) : []
        return layout.tensors(embeddings, dims: layout.dims(dim)) + shared + own + linear
    }

    /// The tensors of a net's layers: the shared ones, and its own.
    private func denseTensors(
        _ net: DenseSpecification, _ name: String, dim: Int, shared prefix: String
    ) -> (shared: [TensorShape], own: [TensorShape]) {
        let count = sharedLayers ?? 0
        let width = layout.inputWidth(embeddingDim: dim)
        let trunk =
            count > 0 ? DenseLayer.stack(input: width, nets.booster.trunk(count), end: .hiddenLayer) : []
        let stack = DenseLayer.stack(input: trunk.last?.output ?? width, net.above(trunk: count), end: .logit)
        return (trunk.tensors(prefix), stack.tensors(name))
    }
}

extension [DenseLayer] {
    /// The tensors that `DenseNet.visit` names, apart from what else a layer keeps, which has one number a unit.
    fileprivate func tensors(_ prefix: String) -> [TensorShape] {
        enumerated().flatMap { number, layer in
            [
                TensorShape(name: "\(prefix).\(number).weight", shape: [layer.input, layer.output]),
                TensorShape(name: "\(prefix).\(number).bias", shape: [layer.output]),
            ]
        }
    }
}

extension EmbeddingTables {
    /// `<prefix>.<field>` `[rows, dim]` of each field with its own table, `<prefix>.<field>.rare` `[1, dim]` of
    /// those with an admission rule and without a table of ids.
    package func visit(_ prefix: String, _ body: Safetensors.Visitor) {
        for index in layout.ownFields {
            let (field, table, dim) = (layout.fields[index], tables[index], dims[index])
            let own = field.rows * dim
            body("\(prefix).\(field.name)", [field.rows, dim], table, 0..<own)
            if field.hasRareRow { body("\(prefix).\(field.name).rare", [1, dim], table, own..<table.count) }
        }
    }
}

extension DenseNet {
    /// `<prefix>.<layer>.weight` `[in, out]`, `.bias` `[out]`, and what else a layer has.
    package func visit(_ prefix: String, _ body: Safetensors.Visitor) {
        for layer in 0..<layers {
            let shape = shape(layer)
            body("\(prefix).\(layer).weight", shape, parameters, weights(layer))
            body("\(prefix).\(layer).bias", [shape[1]], parameters, biases(layer))
            for extra in extras(layer) {
                body("\(prefix).\(layer).\(extra.name)", [shape[1]], extra.array, extra.range)
            }
        }
    }
}

extension Branch {
    /// A light net of a model's file, for scoring.
    ///
    /// - Parameter name: nil: the one that leads.
    /// - Throws: `SafetensorsError`, also where the file has no such net.
    package init(lightNetOf file: Safetensors, named name: String? = nil) throws {
        let description = try ModelDescription(file)
        let (layout, nets) = (description.layout, description.nets)
        let name = name ?? nets.lead
        guard let light = nets.lights.first(where: { $0.name == name })?.net else { throw SafetensorsError.noNet(name) }
        let prefixes = description.prefixes(of: name, isFirst: true)
        try file.require(description.tensors(of: name, embeddings: prefixes.embeddings, shared: prefixes.shared))
        let ids = try IDTables(file, layout)
        let sharedLayers = description.sharedLayers ?? 0
        let dim = nets.embeddingDim(of: name)
        let width = layout.inputWidth(embeddingDim: dim)
        let trunk =
            sharedLayers > 0 ? DenseNet(input: width, nets.booster.trunk(sharedLayers), end: .hiddenLayer) : nil
        self.init(
            ids: ids, embeddings: EmbeddingTables(scoring: layout, dims: layout.dims(dim), width: width),
            trunk: trunk,
            dense: DenseNet(input: trunk?.outputWidth ?? width, light.above(trunk: sharedLayers)),
            linear: light.linear ? LinearPart(scoring: layout) : nil)
        try file.read { body in
            embeddings.visit(prefixes.embeddings, body)
            trunk?.visit(prefixes.shared, body)
            dense.visit(name, body)
            linear?.tables.visit("\(name)_linear", body)
        }
    }

    /// Whether a tensor of a model's file may be one of a light net's.
    package static func isOfLightNet(tensor name: String) -> Bool {
        !["booster.", "booster_embedding.", "booster_shared.", "booster_linear.", "admission_"]
            .contains { name.hasPrefix($0) }
    }
}

extension InputLayout {
    /// Numbers an id of each field is embedded in.
    func dims(_ embeddingDim: Int) -> [Int] { fields.map { $0.dim ?? embeddingDim } }
}

extension DenseSpecification {
    /// The first hidden layers, which two nets share.
    package func trunk(_ layers: Int) -> DenseSpecification {
        DenseSpecification(Array(hidden.prefix(layers)), activation: activation, dropout: dropout)
    }

    /// What is left above a trunk.
    package func above(trunk layers: Int) -> DenseSpecification {
        var rest = self
        rest.hidden = Array(hidden.dropFirst(layers))
        return rest
    }
}

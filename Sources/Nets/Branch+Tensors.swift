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

extension EmbeddingTables {
    /// `<prefix>.<field>` `[rows, dim]` of each field with a table of its own, `<prefix>.<field>.rare` `[1, dim]` of those
    /// with an admission rule and without a table of ids.
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
    /// The light net of a model's file, for scoring.
    ///
    /// - Throws: `SafetensorsError`, also where the file has no light net.
    package init(lightNetOf file: Safetensors) throws {
        let description = try ModelDescription(file)
        let (layout, nets) = (description.layout, description.nets)
        let ids = try IDTables(file, layout)
        let sharedLayers = description.sharedLayers ?? 0
        let width = layout.inputWidth(embeddingDim: nets.embeddingDim)
        let trunk =
            sharedLayers > 0 ? DenseNet(input: width, nets.booster.trunk(sharedLayers), end: .hiddenLayer) : nil
        self.init(
            ids: ids, embeddings: EmbeddingTables(scoring: layout, dims: layout.dims(nets.embeddingDim), width: width),
            trunk: trunk,
            dense: DenseNet(input: trunk?.outputWidth ?? width, nets.light.above(trunk: sharedLayers)),
            linear: nets.light.linear ? LinearPart(scoring: layout) : nil)
        try file.read { body in
            embeddings.visit("embedding", body)
            trunk?.visit("shared", body)
            dense.visit("light", body)
            linear?.tables.visit("light_linear", body)
        }
    }

    /// Whether a tensor of a model's file is one of the light net's.
    package static func isOfLightNet(tensor name: String) -> Bool {
        ["embedding.", "ids.", "shared.", "light.", "light_linear."].contains { name.hasPrefix($0) }
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

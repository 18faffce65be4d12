/// Everything between a row and one net's logit. What the two nets share is the same object in both branches.
package struct Branch: Sendable {
    /// Which rows ids have.
    package let ids: IDTables
    package let embeddings: EmbeddingTables
    /// The first hidden layers where they are shared; nil: the net has all of its layers itself.
    package let trunk: DenseNet?
    package let dense: DenseNet
    /// Nil where the net has no linear part.
    package let linear: LinearPart?

    package init(
        ids: IDTables = .none, embeddings: EmbeddingTables, trunk: DenseNet?, dense: DenseNet, linear: LinearPart?
    ) {
        self.ids = ids
        self.embeddings = embeddings
        self.trunk = trunk
        self.dense = dense
        self.linear = linear
    }

    /// Dense parameters and linear weights, those that are shared included.
    package var parameterCount: Int {
        (trunk?.parameters.count ?? 0) + dense.parameters.count + (linear?.tables.parameterCount ?? 0)
    }

    /// Weights of the dense layers, those that are shared included.
    package var weightCount: Int { (trunk?.weightCount ?? 0) + dense.weightCount }

    /// Every array of weights, shared ones included, with the end of its name.
    package var arrays: [NamedArray] {
        (embeddings.arrays("embedding") + linearArrays + (trunk.map { arrays("shared", $0) } ?? [])
            + arrays("dense", dense)).filter { $0.array.count > 0 }
    }

    /// The same without embeddings and trunk, which other nets may share.
    package var ownArrays: [NamedArray] { (linearArrays + arrays("dense", dense)).filter { $0.array.count > 0 } }

    private var linearArrays: [NamedArray] { linear?.tables.arrays("linear") ?? [] }

    private func arrays(_ name: String, _ net: DenseNet) -> [NamedArray] {
        [NamedArray(name, net.parameters), NamedArray("\(name)_statistics", net.statistics)]
    }

    /// A branch with the same weights and none in common, without the state of optimisers.
    ///
    /// - Parameter other: a copy of a branch with the same embeddings and trunk, which the two copies then share.
    package func copy(sharing other: Branch? = nil) -> Branch {
        Branch(
            ids: ids, embeddings: other?.embeddings ?? embeddings.copy(), trunk: other?.trunk ?? trunk?.copy(),
            dense: dense.copy(), linear: linear?.copy())
    }

    /// What holds a weight that is no finite number; nil when all are finite.
    package func notFinite(_ name: String) -> String? {
        for (field, table) in zip(embeddings.layout.fields, embeddings.tables) where !table.norm.isFinite {
            return "the embeddings of \(field.name)"
        }
        for (field, table) in zip(embeddings.layout.fields, linear?.tables.tables ?? []) where !table.norm.isFinite {
            return "the linear weights of \(field.name)"
        }
        if let trunk, !trunk.parameters.norm.isFinite { return "the shared layers' weights" }
        return dense.parameters.norm.isFinite ? nil : "the \(name)'s weights"
    }
}

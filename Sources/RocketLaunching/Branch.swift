import Nets

/// Everything between a row and one net's logit. What the two nets share is the same object in both branches.
struct Branch: Sendable {
    let embeddings: EmbeddingTables
    /// The first hidden layers where they are shared; nil: the net has all of its layers itself.
    let trunk: DenseNet?
    let dense: DenseNet
    /// Nil where the net has no linear part.
    let linear: LinearPart?

    /// Dense parameters and linear weights, those that are shared included.
    var parameterCount: Int {
        (trunk?.parameters.count ?? 0) + dense.parameters.count + (linear?.tables.parameterCount ?? 0)
    }

    /// Weights of the dense layers, those that are shared included.
    var weightCount: Int { (trunk?.weightCount ?? 0) + dense.weightCount }

    /// Every array of weights, shared ones included, with the end of its name.
    var arrays: [(name: String, array: FloatArray)] {
        func of(_ tables: EmbeddingTables, _ name: String) -> [(name: String, array: FloatArray)] {
            tables.layout.ownFields.map { ("\(name).\(tables.layout.fields[$0].name)", tables.tables[$0]) }
        }
        var arrays = of(embeddings, "embedding") + (linear.map { of($0.tables, "linear") } ?? [])
        for (name, net) in [("shared", trunk), ("dense", dense)] {
            guard let net else { continue }
            arrays += [(name, net.parameters), ("\(name)_statistics", net.statistics)]
        }
        return arrays.filter { $0.1.count > 0 }
    }

    /// A branch with the same weights and none in common, without the state of optimisers.
    ///
    /// - Parameter other: a copy of another branch: what the two originals share, the copies share.
    func copy(sharing other: (original: Branch, copy: Branch)? = nil) -> Branch {
        let sharedTables = other.flatMap { $0.original.embeddings === embeddings ? $0.copy.embeddings : nil }
        let sharedTrunk = other.flatMap { $0.original.trunk === trunk ? $0.copy.trunk : nil }
        return Branch(
            embeddings: sharedTables ?? embeddings.copy(), trunk: sharedTrunk ?? trunk?.copy(), dense: dense.copy(),
            linear: linear?.copy())
    }

    /// What holds a weight that is no finite number; nil when all are finite.
    func notFinite(_ name: String) -> String? {
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

/// The scratch of a branch for scoring some rows at a time.
final class BranchWorkspace: Sendable {
    private let branch: Branch
    private let x: FloatArray
    private let trunk: DenseNet.Workspace?
    private let dense: DenseNet.Workspace
    private let linear: LinearPart.Workspace?

    init(_ branch: Branch, rows: Int) {
        self.branch = branch
        x = FloatArray(count: rows * branch.embeddings.inputWidth)
        trunk = branch.trunk.map { DenseNet.Workspace($0, rows: rows, slices: 0) }
        dense = DenseNet.Workspace(branch.dense, rows: rows, slices: 0)
        linear = branch.linear.map { LinearPart.Workspace($0, rows: rows, forScoring: true) }
    }

    /// `[rows]`, valid after `score`.
    var logits: FloatArray { dense.output }

    /// Computes the logits of some rows of a batch; ranges of rows are independent of each other.
    func score(_ input: InputRows, rows: Range<Int>) {
        input.write(rows, of: branch.embeddings, into: x)
        if let net = branch.trunk, let trunk { net.forward(x, rows: rows, trunk, .scoring) }
        branch.dense.forward(trunk?.output ?? x, rows: rows, dense, .scoring)
        if let part = branch.linear, let linear { part.add(input.ids, rows: rows, to: dense.output, linear) }
    }
}

import Arrays
import Nets

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

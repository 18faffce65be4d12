import CDNNL
import Instructions

/// What the two ways of a field through a first layer cost, in multiply-adds of a wide product: by rows,
/// `3 · rows · dim · out` for the three products forward and backward; by ids, the same products with one line per
/// distinct id, and two additions of `out` numbers for each of the rows' values.
///
/// The choice depends on a batch's ids, the net's own widths and these constants, never on time or threads, so the
/// weights' bytes repeat.
package struct FirstLayerCost: Equatable, Sendable {
    /// How much longer a multiply-add takes in a product as narrow as an embedding.
    package var narrow: Double
    /// Adding a number forward and again backward.
    package var addition: Double
    /// Calling the matrix library once.
    package var call: Double

    package init(narrow: Double, addition: Double, call: Double) {
        (self.narrow, self.addition, self.call) = (narrow, addition, call)
    }

    /// As measured by `rocket bench train` for each kind of product.
    package init(_ type: DenseType) {
        switch (type, VectorInstructions.include(dnnl_cpu_isa_avx512_core)) {
        case (.f32, true): self.init(narrow: 2, addition: 12, call: 100_000)
        case (.f32, false): self.init(narrow: 2, addition: 8, call: 40_000)
        case (.bf16, _): self.init(narrow: 4, addition: 24, call: 200_000)
        }
    }

    /// Every field by ids, whatever it costs; for tests.
    package static let nothing = FirstLayerCost(narrow: 0, addition: 0, call: 0)

    /// Whether a field is cheaper by ids.
    ///
    /// - Parameters:
    ///   - blocks: that the layer's columns are cut into.
    func isCheaperByIDs(_ field: FieldOccurrences, rows: Int, dim: Int, out: Int, blocks: Int) -> Bool {
        let products = 3 * Double(dim) * Double(out)
        let byIDs =
            narrow * products * Double(field.count) + addition * Double(out) * Double(field.values)
            + call * 3 * Double(blocks)
        return byIDs < products * Double(rows)
    }
}

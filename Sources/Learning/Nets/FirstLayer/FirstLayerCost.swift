import CDNNL
import Instructions

/// What the two ways of a field through a first layer cost, in multiply-adds of a wide product: by rows,
/// `3 · rows · dim · out` for the three products forward and backward; by ids, the same products with one line per
/// distinct id, and two additions of `out` numbers for each of the rows' values. Rows that are only scored have one
/// product, and one addition.
///
/// The choice depends on a batch's ids, the net's own widths and these constants, never on time or threads, so the
/// weights' bytes repeat.
package struct FirstLayerCost: Equatable, Sendable {
    /// How much longer a multiply-add takes in a product as narrow as an embedding.
    package var narrow: Double
    /// Adding a number forward and again backward, or in scoring forward only.
    package var addition: Double
    /// Calling the matrix library once.
    package var call: Double

    /// Products that a layer has: three, or in scoring one.
    private let products: Double

    package init(narrow: Double, addition: Double, call: Double, products: Double = 3) {
        (self.narrow, self.addition, self.call, self.products) = (narrow, addition, call, products)
    }

    /// As measured by `rocket bench train` for each kind of product, on a CPU with AVX-512 and on Zen 3 (AVX2).
    package init(_ type: DenseType) {
        switch (type, VectorInstructions.include(dnnl_cpu_isa_avx512_core)) {
        case (.f32, true): self.init(narrow: 2, addition: 12, call: 100_000)
        case (.f32, false): self.init(narrow: 2, addition: 16, call: 40_000)
        case (.bf16, _): self.init(narrow: 4, addition: 24, call: 200_000)
        }
    }

    /// The costs of rows that are only scored, roughly: by the same command on the same two kinds of CPU.
    package static let scoring =
        FirstLayerCost(
            narrow: 2, addition: 5, call: VectorInstructions.include(dnnl_cpu_isa_avx512_core) ? 100_000 : 40_000,
            products: 1)

    /// Every field by ids, whatever it costs; for tests.
    package static let nothing = FirstLayerCost(narrow: 0, addition: 0, call: 0)
    /// Every field by rows; for tests and measurements.
    package static let byRows = FirstLayerCost(narrow: 0, addition: 0, call: .infinity)

    /// Whether a field is cheaper by ids.
    ///
    /// - Parameters:
    ///   - blocks: that the layer's columns are cut into.
    func isCheaperByIDs(_ field: FieldOccurrences, rows: Int, dim: Int, out: Int, blocks: Int) -> Bool {
        let multiplications = products * Double(dim) * Double(out)
        let byIDs =
            narrow * multiplications * Double(field.count) + addition * Double(out) * Double(field.values)
            + call * products * Double(blocks)
        return byIDs < multiplications * Double(rows)
    }
}

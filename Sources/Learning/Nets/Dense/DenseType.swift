import CDNNL
import Instructions

/// The numbers in which the matrix products of hidden layers are computed in training. Weights, optimiser state,
/// activations' sums and everything that is stored are Float32 in any case.
public enum DenseType: String, Codable, CaseIterable, Sendable {
    case f32
    /// Factors rounded to bf16, products added up in Float32. Twice as fast where the CPU has instructions for it.
    case bf16

    /// Whether this CPU computes with such numbers.
    public var isSupportedHere: Bool {
        switch self {
        case .f32: true
        case .bf16: VectorInstructions.include(dnnl_cpu_isa_avx512_core_bf16)
        }
    }
}

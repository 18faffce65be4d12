import CDNNL

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
        case .bf16: InstructionSet.here.has(dnnl_cpu_isa_avx512_core_bf16)
        }
    }
}

/// The instructions that the matrix library uses on this CPU: a set of bits, because a newer CPU has those of an older
/// one and more.
struct InstructionSet {
    private let bits: UInt32

    static let here = InstructionSet(bits: dnnl_get_effective_cpu_isa().rawValue)

    func has(_ other: dnnl_cpu_isa_t) -> Bool { bits & other.rawValue == other.rawValue }
}

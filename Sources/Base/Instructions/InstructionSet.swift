import CDNNL

/// The widest vector instructions that a program may use for matrix products, so that machines of several kinds give
/// equal bytes.
///
/// oneDNN picks its kernels by the CPU, and kernels of another width add up in another order. The program's own loops
/// need no cap: they round each number separately, whatever the width.
public enum InstructionSet: String, Codable, CaseIterable, Sendable {
    case avx2, avx512

    private var set: dnnl_cpu_isa_t {
        switch self {
        case .avx2: dnnl_cpu_isa_avx2
        case .avx512: dnnl_cpu_isa_avx512_core
        }
    }

    /// Whether this CPU has them, as far as `ONEDNN_MAX_CPU_ISA` lets the matrix library use it.
    public var isIncludedHere: Bool { VectorInstructions.include(set) }

    /// Keeps the matrix library of this process to these instructions. Does nothing where that was done before.
    ///
    /// - Throws: `InstructionSetError`, where the CPU has less, or the library has already chosen kernels of other
    ///   instructions.
    public func cap() throws(InstructionSetError) {
        // The library takes a cap only before it is first used, which reading the instructions in use counts as.
        dnnl_set_max_cpu_isa(set)
        let used = dnnl_get_effective_cpu_isa()
        if used == set { return }
        let name = VectorInstructions.name ?? "unknown instructions"
        throw used.rawValue & set.rawValue == set.rawValue
            ? .alreadyChosen(self, inUse: name) : .lacking(self, available: name)
    }
}

/// Why a process cannot keep to an instruction set.
public enum InstructionSetError: Error, Equatable, CustomStringConvertible {
    /// The CPU, or `ONEDNN_MAX_CPU_ISA`, has less.
    case lacking(InstructionSet, available: String)
    /// Kernels of other instructions were chosen before.
    case alreadyChosen(InstructionSet, inUse: String)

    public var description: String {
        switch self {
        case .lacking(let set, let available):
            "training.instruction_set is \(set.rawValue), but this CPU has \(available) only; write a set that every "
                + "machine has, or leave the key out"
        case .alreadyChosen(let set, let inUse):
            "training.instruction_set is \(set.rawValue), but this process already computes with \(inUse); start the "
                + "command again, without the environment variable ONEDNN_MAX_CPU_ISA"
        }
    }
}

import Foundation

/// The facts that `mpirun` gives a process it starts, before that process calls MPI.
public struct LaunchedRanks: Sendable {
    /// Number of ranks in the whole group, and on this machine.
    public var count, onThisHost: Int

    /// The launcher's facts; nil if the process was started neither by `mpirun` nor by an `srun` that speaks PMIx.
    public static var fromEnvironment: LaunchedRanks? {
        let environment = ProcessInfo.processInfo.environment
        func number(_ names: String...) -> Int? {
            // Slurm writes 2(x4) for two on each of four machines.
            names.lazy.compactMap { environment[$0].flatMap { Int($0.prefix(while: \.isNumber)) } }.first
        }
        let isLaunched = environment["OMPI_COMM_WORLD_SIZE"] != nil || environment["PMIX_RANK"] != nil
        guard isLaunched, let count = number("OMPI_COMM_WORLD_SIZE", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS") else {
            return nil
        }
        return LaunchedRanks(
            count: count, onThisHost: number("OMPI_COMM_WORLD_LOCAL_SIZE", "SLURM_STEP_TASKS_PER_NODE") ?? 1)
    }

    /// Keeps child processes from taking themselves for ranks.
    public static func hideFromChildren() {
        for name in ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK"] { unsetenv(name) }
    }

    /// Threads that each rank of this machine may use, so that together they use one per core.
    public var threads: Int { max(1, min(ProcessInfo.processInfo.activeProcessorCount, Self.cores / onThisHost)) }

    private static var cores: Int { ProcessInfo.processInfo.processorCount }
}

import Foundation

/// What `mpirun` tells a process that it starts, before that process calls MPI.
public struct LaunchedRanks: Sendable {
    /// Of the whole group, and of it on this machine.
    public var count, onThisHost: Int

    /// Nil: the process was not started by `mpirun`, nor by a `srun` that speaks PMIx.
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

    /// Keeps processes that this one starts from taking themselves for ranks.
    public static func hideFromChildren() {
        for name in ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK"] { unsetenv(name) }
    }

    /// Threads that each rank of this machine may have, so that together they have one a core.
    public var threads: Int { max(1, min(ProcessInfo.processInfo.activeProcessorCount, Self.cores / onThisHost)) }

    private static var cores: Int { ProcessInfo.processInfo.processorCount }
}

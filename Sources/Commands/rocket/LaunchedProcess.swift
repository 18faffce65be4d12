import Benchmarks
import Collectives
import Foundation
import Night
import Runs

/// This process as one of the ranks that `mpirun` has started; alone, as a group of one.
enum LaunchedProcess {
    /// The launch that the running command is part of.
    @TaskLocal static var launch = RankedLaunch.alone

    /// Joins the group and runs the command at rank 0, while the others do what it tells them.
    ///
    /// - Returns: the command's exit code; 0 at the other ranks.
    /// - Throws: `CollectiveError`.
    static func start(_ format: LogFormat, _ command: () -> Int32) throws -> Int32 {
        guard let ranks = LaunchedRanks.fromEnvironment else { return command() }
        // The library starts threads, which must not take the signals that the command waits for.
        let signals = blockStopSignals()
        let group = try RankGroup.join()
        restoreSignals(signals)
        LaunchedRanks.hideFromChildren()
        guard let group else {
            return $launch.withValue(RankedLaunch(collective: SingleProcess(), ranks: ranks), operation: command)
        }
        let launch = RankedLaunch(collective: group, ranks: ranks)
        if group.rank > 0 {
            var log = makeLogger(format, quiet: true)
            log[metadataKey: "rank"] = "\(group.rank)"
            let tasks: [any RankTask.Type] = [TrainingOrder.self, TrainBenchOrder.self]
            try RankWorker(group, tasks, interruption: interruptionBySignals(log: log), log: log).serve()
            return 0
        }
        let code = $launch.withValue(launch, operation: command)
        // Where the group has broken up, mpirun ends what is left of it when this process has gone.
        if !group.isBroken { try group.dismiss() }
        return code
    }
}

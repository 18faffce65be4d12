import Collectives
import Foundation
import Training

/// How this process was started: alone, or as one of several ranks by `mpirun`.
public struct RankedLaunch: Sendable {
    public let collective: any Collective
    /// Nil: not by `mpirun`.
    private let ranks: LaunchedRanks?

    /// Started alone.
    public static let alone = RankedLaunch(collective: SingleProcess(), ranks: nil)

    public init(collective: any Collective, ranks: LaunchedRanks?) {
        self.collective = collective
        self.ranks = ranks
    }

    /// Threads per rank, so that the ranks of a machine together have one per core.
    public var threads: Int { ranks?.threads ?? ProcessInfo.processInfo.activeProcessorCount }

    /// The training settings with what a group decides where the job file does not: as many shares for 1, 2, 4 and 8
    /// ranks, so that they train on the same batches, and a thread for each core that a rank has.
    package func completed(_ training: TrainingSpecification) -> TrainingSpecification {
        guard let ranks else { return training }
        var training = training
        let group = collective.ranks
        let shares = (Self.shares + group - 1) / group * group
        training.batches.shares = training.batches.shares ?? min(shares, training.batches.size)
        training.machine.threads = training.machine.threads ?? ranks.threads
        return training
    }

    /// More would read more blocks at a time, fewer would leave some of 8 ranks without rows.
    private static let shares = 8

    /// Whether `mpirun` started it, even as a group of one.
    package var isRanked: Bool { ranks != nil }

    /// What the bytes of the weights depend on besides the job file; nil: nothing.
    package func fingerprint(_ training: TrainingSpecification) -> String? {
        guard ranks != nil else { return nil }
        return "ranks \(collective.ranks) shares \(completed(training).batches.shares ?? 0)"
    }

    /// How long to wait for a rank that does not answer; nil: for the usual time.
    package func setTimeout(_ duration: Duration?) {
        (collective as? RankGroup)?.setTimeout(duration ?? RankGroup.usualTimeout)
    }
}

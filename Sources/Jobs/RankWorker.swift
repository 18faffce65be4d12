import Collectives
import Evaluation
import FeatureCache
import Foundation
import Logging
import RocketLaunching

/// A rank other than 0: it knows no database and no command, but does what rank 0 tells it to.
public struct RankWorker {
    private let group: RankGroup
    private let interruption: Interruption
    private let log: Logger
    private let counted = CountedIDs()

    public init(_ group: RankGroup, interruption: Interruption, log: Logger) {
        self.group = group
        self.interruption = interruption
        self.log = log
    }

    /// Works until rank 0 has nothing more to do.
    ///
    /// - Throws: `CollectiveError` where the group has broken up.
    public func serve() throws {
        while true {
            switch try group.nextOrder() {
            case .train(let order): try follow { try train(order) }
            case .bench(let order): try order.run(over: group)
            case .end:
                try group.leave()
                return
            }
        }
    }

    /// What ends a training on all ranks alike is rank 0's to tell.
    private func follow(_ training: () throws -> Void) throws {
        do {
            try training()
        } catch let error as CollectiveError where error.breaksGroup {
            throw error
        } catch {
            log.debug("\(error)")
        }
    }

    private func train(_ order: TrainingOrder) throws {
        group.setTimeout(order.training.rankTimeout ?? RankGroup.usualTimeout)
        let training = try RankedTraining(
            order, group.share(TrainingOrder.Models(), for: order), over: group, counted: counted, log: log)
        _ = try training.run(stops: { interruption.isRequested }) { _ in }
    }
}

/// A training as each rank of a group does it; a single process is a group of one.
struct RankedTraining {
    private let order: TrainingOrder
    private let readers: [CacheReader]
    private let trainer: CoTrainer
    private let folder: CheckpointFolder

    /// - Parameters:
    ///   - models: are not kept: a rank has room for its shards.
    ///   - counted: the ids that earlier trainings of this process have counted.
    init(
        _ order: TrainingOrder, _ models: TrainingOrder.Models, over collective: any Collective, counted: CountedIDs,
        log: Logger
    ) throws {
        self.order = order
        folder = CheckpointFolder(order.checkpoints, log: log)
        (readers, trainer) = try collective.together {
            let readers = try order.readers()
            return (readers, try order.trainer(models, TrainingSource(readers: readers), collective, counted: counted))
        }
    }

    /// The trained model is whole at rank 0.
    func run(
        stops: @escaping () -> Bool, progress: (TrainingProgress) throws -> Void
    ) throws -> TrainedArm {
        let (folder, arm) = (folder, order.name)
        let resume = order.resume.map { found in
            SavedCheckpoint(parts: found.names.count) { try folder.load(found.names[$0]) }
        }
        let checkpoints = Checkpoints(
            every: .seconds(60 * order.training.checkpointMinutes), resume: resume, stops: stops,
            save: { folder.save($0, arm) }, complete: { folder.removeAll(but: $0, arm) },
            discard: { folder.discard($0, arm) })
        let judge = NetJudge(search: order.training.search)
        let report = try trainer.train(
            on: TrainingSource(readers: readers), judge: judge, checkpoints: checkpoints, progress: progress)
        return TrainedArm(
            arm: order.arm, model: trainer.model, report: report,
            optimiserState: order.training.start == .incremental ? try trainer.optimiserState() : nil)
    }
}

extension RankGroup {
    /// Lets the other ranks end, at rank 0.
    public func dismiss() throws {
        try send(.end)
        try leave()
    }
}

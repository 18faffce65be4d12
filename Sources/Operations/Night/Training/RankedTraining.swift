import Arrays
import Collectives
import Evaluation
import Extract
import FeatureCache
import Logging
import Nets
import RankedTraining
import Runs
import Training

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
            return (readers, try order.trainer(models, order.source(readers), collective, counted: counted))
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
            every: .seconds(60 * order.plan.training.machine.checkpointMinutes), resume: resume, stops: stops,
            save: { folder.save($0, arm) }, complete: { folder.removeAll(but: $0, arm) },
            discard: { folder.discard($0, arm) })
        let judge = NetJudge(search: order.plan.training.passes.search)
        let report = try trainer.train(
            on: order.source(readers), judge: judge, checkpoints: checkpoints, progress: progress)
        return TrainedArm(
            arm: order.plan.arm, model: trainer.model, report: report,
            optimiserState: order.plan.training.window.start == .incremental ? try trainer.optimiserState() : nil)
    }
}

extension TrainingOrder {
    /// Opens the cache files, which every rank must see under the same paths and with the same bytes.
    fileprivate func readers() throws -> [CacheReader] {
        try files.map { file in
            let reader = try CacheReader(path: file.path)
            guard reader.checksum == file.checksum else {
                throw RankError.otherFile(path: file.path, expected: file.checksum, found: reader.checksum)
            }
            return reader
        }
    }

    /// The rows of the files that the training sees.
    fileprivate func source(_ readers: [CacheReader]) throws -> TrainingSource {
        try TrainingSource(readers: readers).holdingOut(leftOut).training
    }

    /// - Parameters:
    ///   - source: the rows that the training sees, whose ids are counted.
    ///   - counted: by earlier trainings.
    fileprivate func trainer(
        _ models: Models, _ source: TrainingSource, _ collective: any Collective, counted: CountedIDs
    ) throws -> CoTrainer {
        let memory = EmbeddingMemory(plan.nets, sharing: plan.rocket.sharing)
        let heldOut = HeldOut(plan.training)
        func count() throws -> KnownIDs {
            try KnownIDs(
                plan.layout, of: source.holdingOut(heldOut).training, after: models.parent?.model, memory: memory,
                Parallel(threads: plan.training.machine.threadCount))
        }
        // What a parent knows belongs to the ids, too.
        let known =
            models.parent == nil
            ? try counted.ids(
                of: CountedIDs.Key(
                    layout: plan.layout, files: files.map(\.checksum), leftOut: leftOut, heldOut: heldOut,
                    memory: memory),
                count: count)
            : try count()
        let trainer = CoTrainer(
            plan, known: known, teacher: models.teacher, peers: collective.isShared ? RankPeers(collective) : Alone())
        if let parent = models.parent { try trainer.goOn(from: parent.model, state: parent.optimiserState) }
        return trainer
    }
}

extension TrainingOrder: RankTask {
    package static let kind = "train"

    package func follow(_ rank: FollowingRank) throws {
        do {
            rank.group.setTimeout(plan.training.machine.rankTimeout ?? RankGroup.usualTimeout)
            let training = try RankedTraining(
                self, rank.group.share(TrainingOrder.Models(), for: self), over: rank.group, counted: rank.counted,
                log: rank.log)
            _ = try training.run(stops: { rank.interruption.isRequested }, progress: { _ in })
        } catch let error as CollectiveError where error.breaksGroup {
            throw error
        } catch {
            // Rank 0 reports what ends a training on all ranks alike.
            rank.log.debug("\(error)")
        }
    }
}

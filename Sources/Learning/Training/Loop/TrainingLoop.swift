import Foundation
import Nets

/// One training from its first batch, or from a checkpoint, to its end.
struct TrainingLoop {
    private(set) var course: TrainingCourse
    private let trainer: CoTrainer
    private let source: TrainingSource
    private let best: BestPoints?
    private let checkpoints: Checkpoints?
    private let checkpoint: Checkpoint
    private let order: ReadingOrder
    private let plan: TrainingRun
    private var start = ContinuousClock.now
    private var saved = ContinuousClock.now
    private var last: InputRows?

    private var peers: any Peers { trainer.peers }

    /// - Parameter checkpoint: of the trainer's model and optimisers, which are set to what a saved one has.
    init(
        _ trainer: CoTrainer, _ source: TrainingSource, _ best: BestPoints?, _ checkpoints: Checkpoints?,
        _ checkpoint: Checkpoint
    ) throws {
        (self.trainer, self.source, self.best) = (trainer, source, best)
        (self.checkpoints, self.checkpoint) = (checkpoints, checkpoint)
        let (training, peers) = (trainer.training, trainer.peers)
        let resumed = try peers.together {
            try checkpoints?.resume.map { try checkpoint.restore($0, best: best) }
        }
        let shares = resumed == nil ? training.batches.shares : resumed?.shares
        order = ReadingOrder(
            size: training.batches.size, seed: training.seed,
            shares: try shares.map {
                try RowShares(source, shares: $0, batchSize: training.batches.size, peers)
            }, lookup: trainer.step.lookup, peers: peers)
        plan = TrainingRun(stepsPerEpoch: order.steps(of: source.rows), training, isJudged: best != nil)
        course = TrainingCourse(
            state: resumed
                ?? TrainingState(
                    curve: CurveRecorder(arm: trainer.arm, every: max(1, plan.steps / 200)),
                    shares: training.batches.shares))
    }

    mutating func run(_ progress: (TrainingProgress) throws -> Void) throws {
        begin()
        if course.state.isFinished { return }
        let done = StepsDone(course.state.steps)
        try peers.counting {
            for epoch in 0..<plan.epochs where !plan.isOver(course.state) {
                try run(epoch, done, progress)
            }
        }
        try end()
    }

    private mutating func run(
        _ epoch: Int, _ done: StepsDone, _ progress: (TrainingProgress) throws -> Void
    ) throws {
        let (order, source, profile) = (order, source, trainer.step.profile)
        try Prefetch(peers: peers, profile: profile).run { put in
            try order.read(source, epoch: epoch, done, profile) { put($0) }
        } training: { input in
            let wishes = try step(input)
            try validate()
            try checkpoint(wishes, input)
            try progress(TrainingProgress(samples: course.state.samples, step: course.state.steps))
            return !plan.isOver(course.state)
        }
    }

    private mutating func begin() {
        trainer.step.weightsChanged()
        start = .now - .seconds(course.state.seconds)
        saved = .now
    }

    /// Trains on a batch, first looking at each loss's gradient separately if the plan says so.
    ///
    /// - Returns: what some peer wishes.
    private mutating func step(_ input: InputRows) throws -> StepWishes {
        let number = course.state.steps
        if plan.normSteps.contains(number) {
            try peers.aside {
                course.state.gradientNorms.append(try trainer.gradientNorms(of: input, step: number + 1))
            }
        }
        let wishes = checkpoints.map {
            StepWishes(stop: $0.stops(), save: ContinuousClock.now - saved >= $0.every)
        }
        let outcome = try trainer.run(
            input, step: number, progress: Double(number) / Double(plan.steps), wishes ?? StepWishes())
        course.add(outcome.losses, input)
        try trainer.check(outcome.losses, input.batch, step: course.state.steps)
        last = input
        return outcome.wishes
    }

    /// Judges the nets where the plan says so, and keeps a search to its budget.
    private mutating func validate() throws {
        guard plan.isValidated(after: course.state.steps) else { return }
        try peers.aside {
            try best?.judge(after: course.state.steps, &course.state.validations)
            guard let search = trainer.training.passes.search, search.budget != nil else { return }
            let isOutOfTime = search.isOutOfTime(course.state.validations, seconds: seconds)
            if try peers.any(isOutOfTime) { course.state.isOutOfTime = true }
        }
    }

    /// Saves where the training is, and ends it, where some peer wishes so.
    private mutating func checkpoint(_ wishes: StepWishes, _ input: InputRows) throws {
        if checkpoints != nil, wishes.stop || wishes.save {
            // A training that resumed from weights that are no numbers could only fail again.
            try trainer.checkWeights(after: course.state.steps, input.batch)
            course.state.seconds = seconds
            try save()
            saved = .now
        }
        if wishes.stop { throw TrainingError.stopped(step: course.state.steps) }
    }

    private mutating func end() throws {
        try trainer.checkWeights(after: course.state.steps, last?.batch)
        // Sampling may end a run a little before its planned last step.
        if !plan.isOver(course.state), course.state.validations.last?.step != course.state.steps {
            try best?.judge(after: course.state.steps, &course.state.validations)
        }
        course.state.seconds = seconds
        course.state.isFinished = true
        // What comes after the training may fail too, and then need not train again.
        try save()
    }

    private var seconds: Double { (ContinuousClock.now - start) / .seconds(1) }

    /// Saves every peer's part; the checkpoint before goes when all are there.
    private func save() throws {
        guard let checkpoints else { return }
        let (part, isSaved) = try peers.together {
            let (number, count) = peers.place
            let part = CheckpointPart(
                bytes: try checkpoint.encoded(course.state, best: best, part: number, of: count), number: number,
                count: count, step: course.state.steps)
            return (part, try checkpoints.save(part))
        }
        guard try peers.all(isSaved) else { return checkpoints.discard(part) }
        if peers.isFirst { checkpoints.complete(part) }
    }
}

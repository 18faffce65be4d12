import FeatureCache
import Nets

/// Who trains a model together: this process alone, or several that each have some rows of every batch and some rows of
/// every embedding table. All of them make the same calls in the same order.
package protocol Peers: AnyObject, Sendable {
    /// The rows of every embedding table that are kept here.
    var shard: TableShard { get }

    // MARK: What must be the same everywhere

    /// Ends on all of them if one cannot continue.
    ///
    /// - Throws: the own failure, or another's reason.
    func agree(_ failure: (any Error)?) throws
    /// The first text that one of the peers has.
    func first(_ text: String?) throws -> String?
    /// Numbers added up over the peers.
    func sum(_ numbers: [Double]) throws -> [Double]
    /// A judgement that one of the peers makes.
    func judged(_ judge: () throws -> NetJudge.Judgement?) throws -> NetJudge.Judgement?

    // MARK: Rows

    /// Whether a share of the rows, or a held-out block, is read here.
    func reads(_ number: Int) -> Bool
    /// The rows of a whole batch that are trained on here.
    func part(of batch: SparseBatch, _ lookup: RowLookup) -> InputRows
    /// The same for rows of which every peer has as many.
    func equalPart(_ rows: SparseBatch, _ lookup: RowLookup) -> InputRows
    /// A batch with what the peers must know to bring its embedding rows here; called on the thread that reads.
    func planned(_ input: InputRows) -> InputRows
    /// Takes batches from a queue until `body` is false; their embedding rows are here while it works.
    func forEach(of queue: BatchQueue, _ profile: StepProfile, _ body: (InputRows) throws -> Bool) throws
    /// Labels and logits of held-out rows; all of them wherever they are judged.
    func scores(
        _ heldOut: HeldOutRows, _ score: (InputRows) -> [Float]
    ) throws -> (labels: [UInt8], logits: [Float])

    // MARK: A step

    /// Slices that the rows here are cut into, of those of a whole batch.
    func slices(of count: Int) -> Int
    /// Makes what the peers exchange of a step's gradients; before its first use.
    func connect(_ step: TrainingStep)
    /// Computes the gradients of the parameters, after the backward pass.
    func gradients(_ step: TrainingStep, _ input: InputRows) throws
    /// Computes the gradients and updates the parameters, after the backward pass.
    ///
    /// - Parameter here: the losses of the rows here, and what this process wishes.
    /// - Returns: the losses of the whole batch, and what some peer wishes.
    func update(
        _ step: TrainingStep, _ input: InputRows, _ rates: StepRates, _ here: StepOutcome
    ) throws -> StepOutcome
    /// Squared norm of the gradient of each piece of work.
    func squaredNorms(_ step: TrainingStep, _ input: InputRows) throws -> [Double]
    /// Drives pending transfers; called between pieces of work, from any thread.
    func progress()

    // MARK: A whole training

    /// Does the steps of a training, whose cost `report` tells.
    func counting(_ body: () throws -> Void) rethrows
    /// Does what looks at a training but is no part of its steps.
    func aside(_ body: () throws -> Void) rethrows
    /// The whole of arrays that the peers keep parts of; nil where another has it.
    func whole(_ arrays: [NamedArray]) throws -> [NamedArray]?
    /// Makes a model whole where arrays are.
    func gather(_ model: inout CoTrainedModel) throws
    /// What the peers did together; nil for a process alone.
    ///
    /// - Parameter done: steps of this process and the samples of their batches.
    func report(
        _ step: TrainingStep, done: (steps: Int, samples: Int), shares: Int?, _ source: TrainingSource
    ) throws -> TrainingReport.Group?
}

extension Peers {
    /// Does what each peer does for itself, and ends everywhere where one has failed.
    func together<Result>(_ body: () throws -> Result) throws -> Result {
        let result = Swift.Result(catching: body)
        var failure: (any Error)?
        if case .failure(let error) = result { failure = error }
        try agree(failure)
        return try result.get()
    }

    /// Whether something is true of a peer, or of all of them.
    func any(_ isTrue: Bool) throws -> Bool { try sum([isTrue ? 1 : 0])[0] > 0 }
    func all(_ isTrue: Bool) throws -> Bool { try sum([isTrue ? 0 : 1])[0] == 0 }

    /// Which of the peers this process is, and how many they are.
    var place: (number: Int, count: Int) { (shard.rank, shard.ranks) }
    /// Whether this process does what is to be done once.
    var isFirst: Bool { place.number == 0 }
}

/// The result of a step.
package struct StepOutcome: Sendable {
    package var losses: StepLosses
    package var wishes: StepWishes

    package init(losses: StepLosses, wishes: StepWishes) {
        self.losses = losses
        self.wishes = wishes
    }
}

/// What a process would have done after a step; what one wishes, all peers do.
package struct StepWishes: Sendable {
    package var stop, save: Bool

    package init(stop: Bool = false, save: Bool = false) {
        self.stop = stop
        self.save = save
    }
}

import Foundation
import Nets

/// When a training saves its state, and where it resumes.
public struct Checkpoints {
    /// Time between two of them.
    public var every: Duration
    /// What `save` was given by an earlier process with the same settings and data; nil: from the start.
    public var resume: SavedCheckpoint?
    /// Keeps a part; false if it could not, and training continues without it.
    public var save: (CheckpointPart) throws -> Bool
    /// Is told, once, that all parts of a checkpoint are kept: those before it may go.
    public var complete: (CheckpointPart) -> Void
    /// Is told that some peer could not keep its part: this one is of no use.
    public var discard: (CheckpointPart) -> Void
    /// Asked with every step; true: the training saves where it is and ends with `TrainingError.stopped`.
    public var stops: () -> Bool

    public init(
        every: Duration, resume: SavedCheckpoint?, stops: @escaping () -> Bool = { false },
        save: @escaping (CheckpointPart) throws -> Bool, complete: @escaping (CheckpointPart) -> Void = { _ in },
        discard: @escaping (CheckpointPart) -> Void = { _ in }
    ) {
        self.every = every
        self.resume = resume
        self.stops = stops
        self.save = save
        self.complete = complete
        self.discard = discard
    }
}

/// What one of several peers keeps of a checkpoint; a process alone keeps all.
public struct CheckpointPart: Sendable {
    public var bytes: [UInt8]
    /// Which of the parts this is, and how many there are.
    public var number, count: Int
    /// After which step.
    public var step: Int

    public init(bytes: [UInt8], number: Int, count: Int, step: Int) {
        self.bytes = bytes
        self.number = number
        self.count = count
        self.step = step
    }
}

/// A checkpoint of as many parts as peers made it; any number of them can resume from it.
public struct SavedCheckpoint {
    public var parts: Int
    /// The bytes of a part. Each peer reads all of them, one at a time.
    public var load: (Int) throws -> [UInt8]

    public init(parts: Int, load: @escaping (Int) throws -> [UInt8]) {
        self.parts = parts
        self.load = load
    }
}

/// How far a training has come, besides its weights.
struct TrainingState: Codable {
    var steps = 0
    var samples = 0
    /// Seconds of all processes that worked on it.
    var seconds = 0.0
    var curve: CurveRecorder
    var gradientNorms: [TrainingReport.GradientNorms] = []
    var validations: [TrainingReport.ValidationPoint] = []
    /// A search has used up its budget.
    var isOutOfTime: Bool?
    /// That the rows are dealt in: the batches to come depend on it.
    var shares: Int?
    /// All steps are done: a training that resumes here has only its report to write.
    var isFinished = false
}

/// Everything that a training needs to resume as if it had never stopped, as a safetensors file: weights and optimiser
/// state as Float32, and what `TrainingState` and the dense optimisers count as JSON in its metadata.
struct Checkpoint {
    private let arrays: [NamedArray]
    private let optimisers: OptimiserState

    private struct Description: Codable {
        var format = 2
        var state: TrainingState
        var optimiserSteps: [Int]
        /// Which of the parts this is, and how many there are.
        var part, parts: Int
    }

    init(model: CoTrainedModel, optimisers: OptimiserState) {
        self.optimisers = optimisers
        // What the nets share is written with the first of them.
        let arrays = model.branches.enumerated().flatMap { index, item in
            (model.isFirst(index) ? item.branch.arrays : item.branch.ownArrays).map {
                NamedArray("\(item.net.name).\($0.name)", $0.array, $0.sharding)
            }
        }
        self.arrays = arrays + optimisers.arrays
    }

    /// A peer's part: its shards, and with the first what all have.
    func encoded(_ state: TrainingState, best: BestPoints?, part: Int = 0, of parts: Int = 1) throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        for named in arrays + (best?.arrays ?? []) where part == 0 || named.sharding != nil {
            file.tensors[named.name] = Safetensors.Tensor(shape: [named.array.count], values: named.array.values)
        }
        let description = Description(state: state, optimiserSteps: optimisers.steps, part: part, parts: parts)
        file.metadata["checkpoint"] = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        return try file.encoded()
    }

    /// Sets weights and optimisers to what they were.
    ///
    /// - Throws: `SafetensorsError` when the bytes are no checkpoint of such a training; with one part nothing is
    ///   changed then.
    func restore(_ saved: SavedCheckpoint, best: BestPoints?) throws -> TrainingState {
        var state: TrainingState?
        for part in 0..<saved.parts {
            let file = try Safetensors(saved.load(part))
            guard let text = file.metadata["checkpoint"],
                let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)),
                description.format == 2, description.optimiserSteps.count == optimisers.steps.count,
                description.part == part, description.parts == saved.parts
            else { throw SafetensorsError.metadata("checkpoint") }
            if part == 0 { best?.prepare(description.state.validations) }
            let arrays = (arrays + (best?.arrays ?? [])).filter { part == 0 || $0.sharding != nil }
            try file.copy(to: arrays, from: TableShard(rank: part, ranks: saved.parts))
            optimisers.steps = description.optimiserSteps
            state = description.state
        }
        guard let state else { throw SafetensorsError.metadata("checkpoint") }
        return state
    }
}

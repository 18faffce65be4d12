import Foundation
import Nets

/// When a training saves where it is, and where it goes on.
public struct Checkpoints {
    /// Time between two of them.
    public var every: Duration
    /// Bytes that `save` was given by an earlier process with the same settings and data; nil: from the start.
    public var resume: [UInt8]?
    /// Keeps a checkpoint in place of the one before.
    public var save: ([UInt8]) throws -> Void
    /// Asked after every step; true: the training saves where it is and ends with `TrainingError.stopped`.
    public var stops: () -> Bool

    public init(
        every: Duration, resume: [UInt8]?, stops: @escaping () -> Bool = { false },
        save: @escaping ([UInt8]) throws -> Void
    ) {
        self.every = every
        self.resume = resume
        self.stops = stops
        self.save = save
    }
}

/// How far a training has come, besides its weights.
struct TrainingState: Codable {
    var steps = 0
    var samples = 0
    /// Of all processes that worked on it.
    var seconds = 0.0
    var curve: CurveRecorder
    var gradientNorms: [TrainingReport.GradientNorms] = []
    var validations: [TrainingReport.ValidationPoint] = []
    /// All steps are done: a training that goes on from here has only its report to write.
    var isFinished = false
}

/// Everything that a training needs to go on as if it had never stopped, as a safetensors file: weights and optimiser state
/// as Float32, and what `TrainingState` and the dense optimisers count as JSON in its metadata.
struct Checkpoint {
    private let arrays: [NamedArray]
    private let optimisers: OptimiserState

    private struct Description: Codable {
        var format = 1
        var state: TrainingState
        var optimiserSteps: [Int]
    }

    init(model: CoTrainedModel, optimisers: OptimiserState) {
        self.optimisers = optimisers
        // What the nets share comes in both branches.
        let branches = [("light", model.lightBranch), ("booster", model.boosterBranch)]
        var arrays: [NamedArray] = []
        for (net, branch) in branches {
            for (name, array) in branch?.arrays ?? [] where !arrays.contains(where: { $0.array === array }) {
                arrays.append(("\(net).\(name)", array))
            }
        }
        self.arrays = arrays + optimisers.arrays
    }

    func encoded(_ state: TrainingState, best: BestPoints?) throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        for (name, array) in arrays + (best?.arrays ?? []) {
            file.tensors[name] = Safetensors.Tensor(shape: [array.count], values: array.values)
        }
        let description = Description(state: state, optimiserSteps: optimisers.steps)
        file.metadata["checkpoint"] = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        return try file.encoded()
    }

    /// Sets weights and optimisers to what they were.
    ///
    /// - Throws: `SafetensorsError` when the bytes are no checkpoint of such a training; nothing is changed then.
    func restore(_ bytes: [UInt8], best: BestPoints?) throws -> TrainingState {
        let file = try Safetensors(bytes)
        guard let text = file.metadata["checkpoint"],
            let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)),
            description.format == 1, description.optimiserSteps.count == optimisers.steps.count
        else { throw SafetensorsError.metadata("checkpoint") }
        best?.prepare(description.state.validations)
        let arrays = arrays + (best?.arrays ?? [])
        try file.copy(to: arrays)
        optimisers.steps = description.optimiserSteps
        return description.state
    }
}

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

    public init(every: Duration, resume: [UInt8]?, save: @escaping ([UInt8]) throws -> Void) {
        self.every = every
        self.resume = resume
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
}

/// Everything that a training needs to go on as if it had never stopped, as a safetensors file: weights and optimiser state
/// as Float32, and what `TrainingState` and the dense optimisers count as JSON in its metadata.
struct Checkpoint {
    private let arrays: [(name: String, array: FloatArray)]
    private let optimisers: [DenseOptimiser]

    private struct Description: Codable {
        var format = 1
        var state: TrainingState
        var optimiserSteps: [Int]
    }

    init(model: CoTrainedModel, optimisers: [(name: String, optimiser: DenseOptimiser)]) {
        var arrays: [(String, FloatArray)] = []
        func add(_ tables: EmbeddingTables, _ prefix: String) {
            for (index, field) in model.layout.fields.enumerated() {
                arrays.append(("\(prefix).\(field.name)", tables.tables[index]))
                arrays.append(("\(prefix)_squares.\(field.name)", tables.squares[index]))
                arrays.append(("\(prefix)_leads.\(field.name)", tables.leads[index]))
            }
        }
        for (tables, prefix) in zip(model.embeddings, ["embedding", "booster_embedding"]) { add(tables, prefix) }
        for (name, linear) in [("light", model.lightBranch?.linear), ("booster", model.boosterBranch?.linear)] {
            if let linear { add(linear.tables, "\(name)_linear") }
        }
        for (name, net) in model.denseNets {
            arrays.append((name, net.parameters))
            arrays.append(("\(name)_statistics", net.statistics))
        }
        for (name, optimiser) in optimisers {
            arrays.append(("\(name)_mean", optimiser.mean))
            arrays.append(("\(name)_variance", optimiser.variance))
        }
        self.arrays = arrays.filter { $0.1.count > 0 }
        self.optimisers = optimisers.map(\.optimiser)
    }

    func encoded(_ state: TrainingState, best: BestPoints?) throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        for (name, array) in arrays + (best?.arrays ?? []) {
            file.tensors[name] = Safetensors.Tensor(shape: [array.count], values: array.values)
        }
        let description = Description(state: state, optimiserSteps: optimisers.map(\.steps))
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
            description.format == 1, description.optimiserSteps.count == optimisers.count
        else { throw SafetensorsError.metadata("checkpoint") }
        best?.prepare(description.state.validations)
        let arrays = arrays + (best?.arrays ?? [])
        for (name, array) in arrays {
            guard let tensor = file.tensors[name], tensor.shape == [array.count] else {
                throw SafetensorsError.tensor(name: name, expected: [array.count], found: file.tensors[name]?.shape)
            }
        }
        for (name, array) in arrays {
            for (index, value) in (file.tensors[name]?.values ?? []).enumerated() { array[index] = value }
        }
        for (optimiser, steps) in zip(optimisers, description.optimiserSteps) { optimiser.steps = steps }
        return description.state
    }
}

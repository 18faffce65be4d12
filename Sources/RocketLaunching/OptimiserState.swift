import Foundation
import Nets

/// An array with its name in a file.
typealias NamedArray = (name: String, array: FloatArray)

/// What all optimisers of a training remember: with the weights, what the next training needs to go on where one ended.
final class OptimiserState {
    /// Accumulators of the embeddings and linear weights, moments of the dense layers.
    let arrays: [NamedArray]
    private let dense: [DenseOptimiser]

    init(model: CoTrainedModel, dense: [(name: String, optimiser: DenseOptimiser?)]) {
        var arrays: [NamedArray] = []
        func add(_ tables: EmbeddingTables, _ prefix: String) {
            for index in model.layout.ownFields {
                let field = model.layout.fields[index]
                arrays.append(("\(prefix)_squares.\(field.name)", tables.squares[index]))
                arrays.append(("\(prefix)_leads.\(field.name)", tables.leads[index]))
            }
        }
        for (tables, prefix) in zip(model.embeddings, ["embedding", "booster_embedding"]) { add(tables, prefix) }
        for (name, linear) in [("light", model.lightBranch?.linear), ("booster", model.boosterBranch?.linear)] {
            if let linear { add(linear.tables, "\(name)_linear") }
        }
        for case (let name, let optimiser?) in dense {
            arrays.append(("\(name)_mean", optimiser.mean))
            arrays.append(("\(name)_variance", optimiser.variance))
        }
        self.arrays = arrays.filter { $0.array.count > 0 }
        self.dense = dense.compactMap(\.optimiser)
    }

    /// Steps of each dense optimiser.
    var steps: [Int] {
        get { dense.map(\.steps) }
        set { for (optimiser, steps) in zip(dense, newValue) { optimiser.steps = steps } }
    }

    /// As a safetensors file of its own.
    func encoded() throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        for (name, array) in arrays {
            file.tensors[name] = Safetensors.Tensor(shape: [array.count], values: array.values)
        }
        file.metadata["optimiser_steps"] = String(decoding: try JSONEncoder().encode(steps), as: UTF8.self)
        return try file.encoded()
    }

    /// - Throws: `SafetensorsError` when the bytes are not the state of such a training; nothing is changed then.
    func restore(_ bytes: [UInt8]) throws {
        let file = try Safetensors(bytes)
        guard let text = file.metadata["optimiser_steps"],
            let steps = try? JSONDecoder().decode([Int].self, from: Data(text.utf8)), steps.count == dense.count
        else { throw SafetensorsError.metadata("optimiser_steps") }
        try file.copy(to: arrays)
        self.steps = steps
    }
}

extension Safetensors {
    /// Fills arrays with the tensors of their names.
    ///
    /// - Throws: `SafetensorsError.tensor` when one is missing or of another size; nothing is changed then.
    func copy(to arrays: [NamedArray]) throws {
        for (name, array) in arrays {
            guard let tensor = tensors[name], tensor.shape == [array.count] else {
                throw SafetensorsError.tensor(name: name, expected: [array.count], found: tensors[name]?.shape)
            }
        }
        for (name, array) in arrays {
            for (index, value) in (tensors[name]?.values ?? []).enumerated() { array[index] = value }
        }
    }
}

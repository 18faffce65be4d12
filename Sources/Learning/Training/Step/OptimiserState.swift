import Arrays
import Foundation
import Nets

/// What all optimisers of a training remember: with the weights, what the next one needs to resume there.
final class OptimiserState {
    /// Accumulators of the embeddings and linear weights, moments of the dense layers.
    let arrays: [NamedArray]
    private let dense: [DenseOptimiser]

    init(_ model: CoTrainedModel, dense: [Lane]) {
        var arrays = model.embeddings.flatMap { $0.tables.optimiserArrays($0.name) }
        for (net, branch) in model.branches {
            arrays += branch.linear?.tables.optimiserArrays("\(net.name)_linear") ?? []
        }
        for lane in dense {
            arrays += [
                NamedArray("\(lane.name)_mean", lane.optimiser.mean),
                NamedArray("\(lane.name)_variance", lane.optimiser.variance),
            ]
        }
        self.arrays = arrays.filter { $0.array.count > 0 }
        self.dense = dense.map(\.optimiser)
    }

    /// Steps of each dense optimiser.
    var steps: [Int] {
        get { dense.map(\.steps) }
        set { for (optimiser, steps) in zip(dense, newValue) { optimiser.steps = steps } }
    }

    /// As a separate safetensors file.
    ///
    /// - Parameter arrays: those of the state, whole.
    func encoded(_ arrays: [NamedArray]) throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        for named in arrays {
            file.tensors[named.name] = Safetensors.Tensor(shape: [named.array.count], values: named.array.values)
        }
        file.metadata["optimiser_steps"] = String(decoding: try JSONEncoder().encode(steps), as: UTF8.self)
        return try file.encoded()
    }

    /// - Parameter origins: where the rows lie in the state, if it is one of other tables of ids.
    /// - Throws: `SafetensorsError` when the bytes are not the state of such a training; nothing is changed then.
    func restore(_ bytes: [UInt8], _ origins: RowOrigins? = nil) throws {
        let file = try Safetensors(bytes)
        guard let text = file.metadata["optimiser_steps"],
            let steps = try? JSONDecoder().decode([Int].self, from: Data(text.utf8)), steps.count == dense.count
        else { throw SafetensorsError.metadata("optimiser_steps") }
        try file.copy(to: arrays, from: .whole, origins)
        self.steps = steps
    }
}

extension Safetensors {
    /// Fills arrays with the tensors of their names.
    ///
    /// - Parameters:
    ///   - shard: that the file has of sharded arrays; only rows that it has are set.
    ///   - origins: where a file with all rows has them; nil: where these arrays have them.
    /// - Throws: `SafetensorsError.tensor` when one is missing or of another size; nothing is changed then.
    func copy(to arrays: [NamedArray], from shard: TableShard, _ origins: RowOrigins? = nil) throws {
        for named in arrays {
            let expected =
                named.sharding.map { shard.places(for: origins?.rows(of: $0) ?? $0.rows) * $0.width }
                ?? named.array.count
            guard let tensor = tensors[named.name], tensor.shape == [expected] else {
                throw SafetensorsError.tensor(
                    name: named.name, expected: [expected], found: tensors[named.name]?.shape)
            }
        }
        for named in arrays {
            if let tensor = tensors[named.name] { named.takeRows(from: FloatArray(tensor.values), of: shard, origins) }
        }
    }
}

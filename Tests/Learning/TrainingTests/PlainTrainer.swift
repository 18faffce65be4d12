import FeatureCache
import Foundation
import Nets
import RocketLaunching
import Training

/// Rocket launching as plainly as it can be written: one thread, Float64, row by row, forward and backward side by
/// side. It takes nothing from the product but the weights to begin with, and is what the fast step is held to.
struct PlainTrainer {
    var rocket: RocketSpecification
    var training: TrainingSpecification
    /// One for both nets, or the light net's and the booster's.
    var tables: [PlainTables]
    var trunk: PlainStack?
    var light, booster: PlainStack

    /// One step on a batch; returns the means of H(y, p), H(y, q) and the hint.
    mutating func step(_ batch: SparseBatch) -> (light: Double, booster: Double, hint: Double) {
        let n = Double(batch.rows)
        var sums = (light: 0.0, booster: 0.0, hint: 0.0)
        for row in 0..<batch.rows {
            // Forward: z and l, then L = H(y, p) + H(y, q) + λ · hint(z, l).
            let x = tables.map { $0.forward(batch, row) }
            let shared = trunk?.forward(x[0])
            let (z, l) = (light.forward(shared ?? x[0])[0], booster.forward(shared ?? x[x.count - 1])[0])
            let (y, p, q, lambda) = (Double(batch.labels[row]), sigmoid(z), sigmoid(l), rocket.hintWeight)
            let hint = self.hint(z, l)
            sums.light -= (y * log(p) + (1 - y) * log(1 - p)) / n
            sums.booster -= (y * log(q) + (1 - y) * log(1 - q)) / n
            sums.hint += hint.loss / n
            // Backward. With a block l is a constant of the hint; EasyRec's keeps what is shared to the booster, too.
            let fromLight = light.backward([(p - y + lambda * hint.dz) / n])
            let fromBooster = booster.backward([(q - y + (rocket.gradientBlock == .none ? lambda * hint.dl : 0)) / n])
            if rocket.sharing != .embeddings {
                tables[0].backward(batch, row, fromLight)
                tables[1].backward(batch, row, fromBooster)
            } else {
                let isBlocked = rocket.gradientBlock == .logitsAndSharedInput
                let both = isBlocked ? fromBooster : zip(fromLight, fromBooster).map { $0 + $1 }
                tables[0].backward(batch, row, trunk?.backward(both) ?? both)
            }
        }
        for index in tables.indices { tables[index].update(rate: training.optimisation.embeddingLearningRate) }
        let rate = training.optimisation.dense.learningRate
        trunk?.update(rate)
        light.update(rate)
        booster.update(rate)
        return sums
    }

    private func hint(_ z: Double, _ l: Double) -> (loss: Double, dz: Double, dl: Double) {
        let (p, q, t) = (sigmoid(z), sigmoid(l), rocket.temperature)
        switch rocket.hintLoss {
        case .logitMSE: return (pow(l - z, 2), 2 * (z - l), 2 * (l - z))
        case .probabilityMSE: return (pow(q - p, 2), 2 * (p - q) * p * (1 - p), 2 * (q - p) * q * (1 - q))
        case .distillation:
            let (soft, target) = (sigmoid(z / t), sigmoid(l / t))
            let loss = -target * log(soft) - (1 - target) * log(1 - soft)
            return (loss, (soft - target) / t, -target * (1 - target) * z / (t * t))
        }
    }

    private func sigmoid(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
}

/// The sums of the fields' embeddings, then each number with its flag for missing; fields of one width.
struct PlainTables {
    let layout: InputLayout
    let dim: Int
    /// `[fields][rows × dim]`
    private(set) var weights: [[Double]]
    private var gradient: [[Double]] = [], squares: [[Double]] = []

    init(_ tables: EmbeddingTables) {
        (layout, dim) = (tables.layout, tables.dims[0])
        weights = tables.tables.map { $0.values.map(Double.init) }
        gradient = weights.map { $0.map { _ in 0 } }
        squares = gradient
    }

    private func ids(_ batch: SparseBatch, _ field: Int, _ row: Int) -> ArraySlice<UInt32> {
        switch batch.fields[field] {
        case .single(let ids): ids[row...row]
        case .multi(let offsets, let ids): ids[Int(offsets[row])..<Int(offsets[row + 1])]
        }
    }

    func forward(_ batch: SparseBatch, _ row: Int) -> [Double] {
        weights.indices.flatMap { field in
            (0..<dim).map { j in ids(batch, field, row).reduce(0) { $0 + weights[field][Int($1) * dim + j] } }
        }
            + zip(layout.numerics, batch.numerics).flatMap { shape, column -> [Double] in
                [Double(shape.input(column[row]).0), Double(shape.input(column[row]).1)]
            }
    }

    mutating func backward(_ batch: SparseBatch, _ row: Int, _ dx: [Double]) {
        for field in weights.indices {
            for id in ids(batch, field, row) {
                for j in 0..<dim { gradient[field][Int(id) * dim + j] += dx[field * dim + j] }
            }
        }
    }

    /// Row-wise Adagrad.
    mutating func update(rate: Double) {
        for field in weights.indices {
            for row in stride(from: 0, to: weights[field].count, by: dim) {
                squares[field][row] += (row..<row + dim).reduce(0) { $0 + pow(gradient[field][$1], 2) } / Double(dim)
                for i in row..<row + dim {
                    weights[field][i] -= rate * gradient[field][i] / (squares[field][row].squareRoot() + 1e-8)
                    gradient[field][i] = 0
                }
            }
        }
    }
}

/// Layers of ReLU, the last one linear where it is the logit. Parameters lie as in `DenseNet`.
struct PlainStack {
    let shapes: [[Int]]
    let endsInLogit: Bool
    private(set) var parameters: [Double]
    private var gradient: [Double], squares: [Double]
    /// Input of each layer, and the output.
    private var values: [[Double]] = []

    init(_ net: DenseNet, endsInLogit: Bool) {
        shapes = (0..<net.layers).map { net.shape($0) }
        self.endsInLogit = endsInLogit
        parameters = net.parameters.values.map(Double.init)
        gradient = parameters.map { _ in 0 }
        squares = gradient
    }

    /// Where a layer's weights begin, where its biases do, and whether it has ReLU.
    private func layout(_ layer: Int) -> (w: Int, b: Int, isReLU: Bool) {
        let w = shapes[..<layer].reduce(0) { $0 + ($1[0] + 1) * $1[1] }
        return (w, w + shapes[layer][0] * shapes[layer][1], !endsInLogit || layer < shapes.count - 1)
    }

    mutating func forward(_ x: [Double]) -> [Double] {
        values = [x]
        for (layer, shape) in shapes.enumerated() {
            let (w, b, isReLU) = layout(layer)
            let y = (0..<shape[1]).map { j in
                (0..<shape[0]).reduce(parameters[b + j]) { $0 + values[layer][$1] * parameters[w + $1 * shape[1] + j] }
            }
            values.append(isReLU ? y.map { max($0, 0) } : y)
        }
        return values[shapes.count]
    }

    mutating func backward(_ dy: [Double]) -> [Double] {
        var delta = dy
        for (layer, shape) in shapes.enumerated().reversed() {
            let (w, b, isReLU) = layout(layer)
            if isReLU { delta = zip(delta, values[layer + 1]).map { $1 > 0 ? $0 : 0 } }
            var below = [Double](repeating: 0, count: shape[0])
            for j in 0..<shape[1] {
                gradient[b + j] += delta[j]
                for i in 0..<shape[0] {
                    gradient[w + i * shape[1] + j] += values[layer][i] * delta[j]
                    below[i] += parameters[w + i * shape[1] + j] * delta[j]
                }
            }
            delta = below
        }
        return delta
    }

    /// Adagrad.
    mutating func update(_ rate: Double) {
        for i in parameters.indices {
            squares[i] += gradient[i] * gradient[i]
            parameters[i] -= rate * gradient[i] / (squares[i].squareRoot() + 1e-10)
            gradient[i] = 0
        }
    }
}

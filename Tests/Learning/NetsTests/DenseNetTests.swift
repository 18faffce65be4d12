import Arrays
import CounterRandom
import Nets
import Testing

@Suite struct DenseNetTests {
    static func random(_ count: Int, seed: UInt64) -> [Float] {
        var random = CounterRandom(seed: seed)
        return (0..<count).map { _ in Float(random.normal()) }
    }

    /// The same net in plain loops over Float64.
    static func reference(_ net: DenseNet, _ x: [Float]) -> Double {
        var input = x.map(Double.init)
        for layer in 0..<net.layers {
            let (inputs, outputs) = (net.shape(layer)[0], net.shape(layer)[1])
            var output = net.biases(layer).map { Double(net.parameters[$0]) }
            for i in 0..<inputs {
                for o in 0..<outputs {
                    output[o] += input[i] * Double(net.parameters[net.weights(layer).lowerBound + i * outputs + o])
                }
            }
            input = layer == net.layers - 1 ? output : output.map { max($0, 0) }
        }
        return input[0]
    }

    @Test("Logits are those of plain loops")
    func forward() {
        let net = DenseNet(input: 7, [13, 5])
        net.initialise(seed: 1, stream: 0, logitBias: 0.3)
        let rows = 9
        let values = Self.random(rows * 7, seed: 2)
        let workspace = DenseNet.Workspace(net, rows: rows, slices: 0)
        net.forward(FloatArray(values), rows: 0..<rows, workspace, .scoring)
        for row in 0..<rows {
            let expected = Self.reference(net, Array(values[row * 7..<(row + 1) * 7]))
            #expect(abs(Double(workspace.output[row]) - expected) < 1e-5)
        }
    }

    @Test("Gradients of parameters and input are those of finite differences")
    func gradients() {
        let net = DenseNet(input: 6, [8, 4])
        net.initialise(seed: 3, stream: 0, logitBias: -0.2)
        let rows = 5
        let x = FloatArray(Self.random(rows * 6, seed: 4))
        let weights = Self.random(rows, seed: 5)
        func loss() -> Double {
            (0..<rows).reduce(0) {
                $0 + Double(weights[$1]) * Self.reference(net, (0..<6).map { [row = $1] in x[row * 6 + $0] })
            }
        }
        let workspace = DenseNet.Workspace(net, rows: rows, slices: 2)
        for row in 0..<rows { workspace.outputGradient[row] = weights[row] }
        let gradient = FloatArray(count: net.parameters.count)
        let dx = FloatArray(count: rows * 6)
        for (slice, part) in [0..<2, 2..<rows].enumerated() {
            net.forward(x, rows: part, workspace, .training(slice: slice, dropout: DenseNet.Dropout(key: 0)))
            net.backward(x, rows: part, slice: slice, workspace, input: slice == 0 ? .written(dx) : .added(dx))
        }
        for part in net.parts { net.gradient(of: part, x, rows: rows, workspace, into: gradient) }
        let step: Float = 1e-3
        func difference(_ array: FloatArray, _ index: Int) -> Double {
            let value = array[index]
            array[index] = value + step
            let above = loss()
            array[index] = value - step
            let below = loss()
            array[index] = value
            return (above - below) / Double(2 * step)
        }
        for index in 0..<net.parameters.count {
            #expect(abs(Double(gradient[index]) - difference(net.parameters, index)) < 2e-3)
        }
        for index in 0..<dx.count { #expect(abs(Double(dx[index]) - difference(x, index)) < 2e-3) }
    }

    @Test("Adam's first steps are those of the paper's algorithm")
    func adam() {
        let weights = FloatArray([1, -2])
        let adam = DenseOptimiser(.adam, count: 2)
        var (m, v) = ([0.0, 0.0], [0.0, 0.0])
        var expected = [1.0, -2.0]
        for step in 1...3 {
            let gradient: [Float] = [0.5, -0.1 * Float(step)]
            let begun = adam.begin(learningRate: 0.01)
            for range in [1..<2, 0..<1] { adam.update(weights, range, gradient: FloatArray(gradient), begun) }
            for i in 0..<2 {
                m[i] = 0.9 * m[i] + 0.1 * Double(gradient[i])
                v[i] = 0.999 * v[i] + 0.001 * Double(gradient[i]) * Double(gradient[i])
                let (a, b) = (1 - Double.power(0.9, step), 1 - Double.power(0.999, step))
                expected[i] -= 0.01 * (m[i] / a) / ((v[i] / b).squareRoot() + 1e-8)
                #expect(abs(Double(weights[i]) - expected[i]) < 1e-6)
            }
        }
    }
}

@Suite struct EmbeddingTablesTests {
    @Test("Several ids are summed, and an update touches the batch's rows only, once each")
    func update() {
        let layout = InputLayout(fields: [FieldShape(name: "f", rows: 6, multiValued: true)], numerics: [])
        let tables = EmbeddingTables(layout: layout, dim: 2)
        tables.initialise(seed: 1, stream: 0, deviation: 1)
        let before = tables.tables[0].values
        let ids = FieldIDs(ids: [1, 2, 2], offsets: [0, 2, 3])
        let x = FloatArray(count: 4)
        tables.gather(field: 0, ids, rows: 0..<2, into: x)
        #expect(x.values == [before[2] + before[4], before[3] + before[5], before[4], before[5]])
        let gradient = FloatArray([1, 0, 0, 3])
        tables.update(field: 0, [ids], rows: 2, gradient: gradient, learningRate: 0.1)
        let after = tables.tables[0].values
        // Id 1 had the gradient (1, 0), id 2 the sum (1, 3); Adagrad divides by the root mean square at its first step.
        let (one, two) = ((Float(1) / 2).squareRoot(), (Float(10) / 2).squareRoot())
        let expected = [before[2] - 0.1 / one, before[3], before[4] - 0.1 / two, before[5] - 0.3 / two]
        for (found, wanted) in zip(after[2..<6], expected) { #expect(abs(found - wanted) < 1e-6) }
        #expect(Array(after[..<2]) == Array(before[..<2]) && Array(after[6...]) == Array(before[6...]))
    }
}

@Suite struct SafetensorsTests {
    @Test("Tensors and metadata are read back, and damage is an error")
    func roundTrip() throws {
        let file = Safetensors(
            tensors: ["b": .init(shape: [2, 2], values: [1, 2, 3, .infinity]), "a": .init(shape: [0], values: [])],
            metadata: ["k": "v"])
        let bytes = try file.encoded()
        let read = try Safetensors(bytes)
        #expect(read.tensors == file.tensors && read.metadata == file.metadata)
        #expect(throws: SafetensorsError.self) { try Safetensors(Array(bytes.dropLast())) }
        #expect(throws: SafetensorsError.self) { try Safetensors(Array(bytes.prefix(5))) }
        #expect(throws: SafetensorsError.self) { try Safetensors([255] + bytes.dropFirst()) }
    }
}

extension Double {
    fileprivate static func power(_ base: Double, _ exponent: Int) -> Double {
        (0..<exponent).reduce(1) { product, _ in product * base }
    }
}

@Suite struct OptimiserTests {
    @Test("Adagrad divides by the root of the sum of squares")
    func adagrad() {
        let weights = FloatArray([1, -2])
        let optimiser = DenseOptimiser(.adagrad, count: 2)
        var (expected, sums) = ([1.0, -2.0], [0.0, 0.0])
        for step in 1...3 {
            let gradient: [Float] = [0.5, -0.1 * Float(step)]
            let begun = optimiser.begin(learningRate: 0.01)
            optimiser.update(weights, 0..<2, gradient: FloatArray(gradient), begun)
            for i in 0..<2 {
                sums[i] += Double(gradient[i]) * Double(gradient[i])
                expected[i] -= 0.01 * Double(gradient[i]) / sums[i].squareRoot()
                #expect(abs(Double(weights[i]) - expected[i]) < 1e-6)
            }
        }
    }

    @Test("Fields with one table are updated together, each id once by the sum of its gradients")
    func sharedTable() {
        let layout = InputLayout(
            fields: [
                FieldShape(name: "liked", rows: 4, multiValued: true, pooling: .mean, table: "shown"),
                FieldShape(name: "shown", rows: 4, multiValued: false),
            ], numerics: [])
        let tables = EmbeddingTables(layout: layout, dim: 1)
        tables.initialise(seed: 1, stream: 0, deviation: 1)
        #expect(tables.tables[0] === tables.tables[1] && tables.parameterCount == 4)
        let before = tables.tables[1].values
        let ids = [FieldIDs(ids: [1, 2], offsets: [0, 2]), FieldIDs(ids: [2])]
        let x = FloatArray(count: 2)
        for field in 0..<2 { tables.gather(field: field, ids[field], rows: 0..<1, into: x) }
        #expect(x.values == [(before[1] + before[2]) / 2, before[2]])
        // Half of 4 for both ids, and 1 more for id 2.
        let gradient = FloatArray([4, 1])
        #expect(tables.squaredNorm(field: 1, ids, rows: 1, gradient: gradient) == 13)
        tables.update(field: 1, ids, rows: 1, gradient: gradient, learningRate: 0.1)
        #expect(tables.squares[1].values == [0, 4, 9, 0] && tables.squares[0].count == 0)
        let copy = tables.copy()
        #expect(copy.tables[0] === copy.tables[1] && copy.tables[0] !== tables.tables[0])
        #expect(copy.tables[0].values == tables.tables[0].values)
    }

    @Test("A linear part follows FTRL-Proximal, and l1 keeps weak ids at 0", arguments: [0, 1])
    func ftrl(_ l1: Double) {
        let layout = InputLayout(fields: [FieldShape(name: "f", rows: 3, multiValued: false)], numerics: [])
        let part = LinearPart(layout: layout, ftrl: FTRL(l1: Float(l1), l2: 0.5))
        let workspace = LinearPart.Workspace(part, rows: 3)
        let ids = FieldIDs(ids: [1, 2, 1])
        let (rate, gradients) = (0.1, [0.5, -0.2, 0.3])
        var (weights, z, n) = ([0.0, 0, 0], [0.0, 0, 0], [0.0, 0, 0])
        for _ in 0..<4 {
            part.backward(rows: 0..<3, logitGradient: FloatArray(gradients.map(Float.init)), workspace)
            part.tables.update(field: 0, [ids], rows: 3, gradient: workspace.gradient, learningRate: Float(rate))
            for (id, g) in [(1, 0.8), (2, -0.2)] {
                let sum = n[id] + g * g
                z[id] += g - (sum.squareRoot() - n[id].squareRoot()) / rate * weights[id]
                n[id] = sum
                let sign: Double = z[id] < 0 ? -1 : 1
                weights[id] =
                    abs(z[id]) <= l1 ? 0 : -(z[id] - sign * l1) / ((1 + n[id].squareRoot()) / rate + 0.5)
            }
            for id in 0..<3 { #expect(abs(Double(part.tables.tables[0][id]) - weights[id]) < 1e-6) }
        }
        #expect((weights[2] == 0) == (l1 > 0))
        let logits = FloatArray(count: 3)
        part.add([ids], rows: 0..<3, to: logits, workspace)
        #expect(logits.values == [1, 2, 1].map { part.tables.tables[0][$0] })
    }

    @Test("Mean pooling divides by the ids of a row, forward and backward; fields may have dimensions of their own")
    func meanPooling() {
        let layout = InputLayout(
            fields: [
                FieldShape(name: "a", rows: 2, multiValued: false, dim: 1),
                FieldShape(name: "f", rows: 4, multiValued: true, pooling: .mean),
            ], numerics: [])
        let tables = EmbeddingTables(layout: layout, dim: 2)
        #expect(tables.dims == [1, 2] && tables.offsets == [0, 1] && tables.inputWidth == 3)
        tables.initialise(seed: 1, stream: 0, deviation: 1)
        let table = tables.tables[1].values
        let ids = FieldIDs(ids: [1, 2, 3], offsets: [0, 2, 3])
        let x = FloatArray(count: 6)
        tables.gather(field: 1, ids, rows: 0..<2, into: x)
        let means = [(table[2] + table[4]) / 2, (table[3] + table[5]) / 2]
        #expect(x.values == [0] + means + [0, table[6], table[7]])
        let gradient = FloatArray([9, 1, 2, 9, 3, 4])
        // Half of (1, 2) for two ids, all of (3, 4) for one.
        let norm = tables.squaredNorm(field: 1, [ids, ids], rows: 2, gradient: gradient)
        #expect(norm == 27.5)
    }
}

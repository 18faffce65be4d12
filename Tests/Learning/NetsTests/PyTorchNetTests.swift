import Arrays
import Foundation
import Nets
import Testing

/// Holds nets with every part against the values that reference.py computed with PyTorch in Float64.
@Suite struct PyTorchNetTests {
    struct Reference: Decodable {
        struct Case: Decodable, CustomStringConvertible {
            let activation: Activation
            let batchNorm: Bool
            let crossLayers: Int
            /// Laid out as the net's.
            let parameters, gradient, statistics: [Float]
            let x, weights, output, inputGradient: [Float]
            /// The logits by running statistics, after one training pass.
            let scored: [Float]

            var description: String { "\(activation), batch-norm \(batchNorm), cross \(crossLayers)" }
        }
        let input, rows: Int
        let hidden: [Int]
        let cases: [Case]
    }

    static func reference() throws -> Reference {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "reference.json")
        return try JSONDecoder().decode(Reference.self, from: Data(contentsOf: file))
    }

    static func expectClose(_ found: [Float], _ expected: [Float], _ what: String) {
        #expect(found.count == expected.count, "\(what)")
        for (index, (found, expected)) in zip(found, expected).enumerated() {
            #expect(abs(found - expected) < 2e-5 * max(1, abs(expected)), "\(what) \(index)")
        }
    }

    @Test("Outputs, all gradients, running statistics and scores are PyTorch's, for each activation and layer")
    func follows() throws {
        let reference = try Self.reference()
        #expect(reference.cases.count == 12)
        for item in reference.cases {
            let net = DenseNet(
                input: reference.input,
                DenseSpecification(
                    reference.hidden, activation: item.activation, batchNorm: item.batchNorm,
                    crossLayers: item.crossLayers))
            net.initialise(seed: 1, stream: 1, logitBias: 0)
            try #require(net.parameters.count == item.parameters.count)
            net.parameters.copy(FloatArray(item.parameters))
            let (x, rows) = (FloatArray(item.x), reference.rows)
            let workspace = DenseNet.Workspace(net, rows: rows, slices: 1)
            net.forward(x, rows: 0..<rows, workspace, .training(slice: 0, dropout: DenseNet.Dropout(key: 0)))
            Self.expectClose(workspace.output.values, item.output, "output, \(item)")
            workspace.outputGradient.copy(FloatArray(item.weights))
            let (dx, gradient) = (FloatArray(count: x.count), FloatArray(count: net.parameters.count))
            net.backward(x, rows: 0..<rows, slice: 0, workspace, input: .written(dx))
            for part in net.parts { net.gradient(of: part, x, rows: rows, workspace, into: gradient) }
            Self.expectClose(dx.values, item.inputGradient, "input, \(item)")
            Self.expectClose(gradient.values, item.gradient, "gradient, \(item)")
            net.sumStatistics(workspace, batch: rows)
            net.updateStatistics(workspace, share: 1)
            Self.expectClose(net.statistics.values, item.statistics, "statistics, \(item)")
            let scoring = DenseNet.Workspace(net, rows: rows, slices: 0)
            net.forward(x, rows: 0..<rows, scoring, .scoring)
            Self.expectClose(scoring.output.values, item.scored, "scored, \(item)")
        }
    }

    @Test("The input's gradient is added to what is there, and stops where it is not asked for")
    func inputGradient() throws {
        for item in try Self.reference().cases where item.crossLayers == 2 || !item.batchNorm {
            let net = DenseNet(
                input: 5,
                DenseSpecification(
                    [6, 4], activation: item.activation, batchNorm: item.batchNorm, crossLayers: item.crossLayers))
            net.initialise(seed: 1, stream: 1, logitBias: 0)
            let (x, dx) = (FloatArray(item.x), FloatArray(count: 60))
            let workspace = DenseNet.Workspace(net, rows: 12, slices: 1)
            var found: [[Float]] = []
            for input in [DenseNet.InputGradient.written(dx), .added(dx), .none] {
                net.forward(x, rows: 0..<12, workspace, .training(slice: 0, dropout: DenseNet.Dropout(key: 0)))
                workspace.outputGradient.copy(FloatArray(item.weights))
                net.backward(x, rows: 0..<12, slice: 0, workspace, input: input)
                found.append(dx.values)
            }
            Self.expectClose(found[1], found[0].map { 2 * $0 }, "added, \(item)")
            #expect(found[2] == found[1])
        }
    }
}

@Suite struct DropoutTests {
    @Test("Dropout leaves about its share of units out, keeps their mean, and scores with all of them")
    func share() {
        let net = DenseNet(input: 4, DenseSpecification([50], dropout: 0.3))
        net.initialise(seed: 1, stream: 1, logitBias: 0)
        // All hidden units are 1, and the logit is their mean.
        for index in net.weights(0) { net.parameters[index] = 0 }
        for index in net.biases(0) { net.parameters[index] = 1 }
        for index in net.weights(1) { net.parameters[index] = 1 / 50 }
        let x = FloatArray(count: 1_000 * 4)
        let workspace = DenseNet.Workspace(net, rows: 1_000, slices: 1)
        func logits(_ pass: DenseNet.Pass) -> [Float] {
            net.forward(x, rows: 0..<1_000, workspace, pass)
            return workspace.output.values
        }
        let first = logits(.training(slice: 0, dropout: DenseNet.Dropout(key: 1)))
        // 50,000 units: the standard error of their share is 0.002.
        #expect(abs(first.reduce(0, +) / 1_000 - 1) < 0.015)
        #expect(Set(first).count > 10 && first == logits(.training(slice: 0, dropout: DenseNet.Dropout(key: 1))))
        #expect(first != logits(.training(slice: 0, dropout: DenseNet.Dropout(key: 2))))
        #expect(logits(.scoring).allSatisfy { abs($0 - 1) < 1e-5 })
    }

    @Test(
        "With dropout the gradients are those of finite differences, whatever the activation",
        arguments: Activation.allCases, [false, true])
    func gradients(_ activation: Activation, _ batchNorm: Bool) {
        let net = DenseNet(
            input: 4, DenseSpecification([6, 5], activation: activation, batchNorm: batchNorm, dropout: 0.4))
        net.initialise(seed: 4, stream: 1, logitBias: 0)
        let x = FloatArray(DenseNetTests.random(40, seed: 3))
        let workspace = DenseNet.Workspace(net, rows: 10, slices: 2)
        let gradient = FloatArray(count: net.parameters.count)
        let slices = [0..<6, 6..<10]
        func sum() -> Double {
            for (slice, rows) in slices.enumerated() {
                net.forward(x, rows: rows, workspace, .training(slice: slice, dropout: DenseNet.Dropout(key: 9)))
            }
            return workspace.output.values.reduce(0) { $0 + Double($1) }
        }
        _ = sum()
        for row in 0..<10 { workspace.outputGradient[row] = 1 }
        for (slice, rows) in slices.enumerated() {
            net.backward(x, rows: rows, slice: slice, dropout: DenseNet.Dropout(key: 9), workspace, input: .none)
        }
        for part in net.parts { net.gradient(of: part, x, rows: 10, workspace, into: gradient) }
        var wrong = 0
        for index in 0..<net.parameters.count {
            let value = net.parameters[index]
            func total(at moved: Float) -> Double {
                net.parameters[index] = moved
                return sum()
            }
            let slope = (total(at: value + 5e-3) - total(at: value - 5e-3)) / 1e-2
            net.parameters[index] = value
            if abs(Double(gradient[index]) - slope) > 0.02 + 0.03 * abs(slope) { wrong += 1 }
        }
        // A step across a corner of an activation may spoil a few.
        #expect(wrong <= net.parameters.count / 12, "\(wrong) of \(net.parameters.count)")
    }
}

import CounterRandom
import Testing

@testable import Nets

/// The loops in C beside plain ones, which round each number for itself: the bits must not depend on how many numbers
/// the CPU works on at once, nor on whether it multiplies and adds in one instruction.
@Suite struct LoopsTests {
    static let shapes: [(rows: Int, width: Int)] = [(0, 3), (1, 1), (3, 5), (7, 16), (20, 64), (9, 200), (33, 77)]

    /// Numbers of all sizes with those that are special.
    static func numbers(_ count: Int, seed: UInt64) -> [Float] {
        let special: [Float] = [
            0, -0.0, .leastNonzeroMagnitude, Float(bitPattern: 0x800A_E398), .infinity, -.infinity, .nan, 1e-30,
        ]
        var random = CounterRandom(seed: seed)
        return (0..<count).map { _ in
            if random.next() % 16 == 0 { return special[Int(random.next() % 8)] }
            let exponent = Float(sign: .plus, exponent: Int(random.next() % 40) - 30, significand: 1)
            return Float(random.normal()) * exponent
        }
    }

    static func same(_ found: [Float], _ expected: [Float]) -> Bool {
        found.count == expected.count
            && zip(found, expected).allSatisfy { $0.bitPattern == $1.bitPattern || $0.isNaN && $1.isNaN }
    }

    @Test("Bias and ReLU, forward and backward", arguments: shapes)
    func activations(_ shape: (rows: Int, width: Int)) {
        let count = shape.rows * shape.width
        let (sums, bias) = (Self.numbers(count, seed: 1), Self.numbers(shape.width, seed: 2))
        var y = sums
        Kernels.addBiasReLU(&y, bias, rows: shape.rows, width: shape.width)
        #expect(Self.same(y, sums.indices.map { max(sums[$0] + bias[$0 % shape.width], 0) }))
        let delta = Self.numbers(count, seed: 3)
        var blocked = delta
        Kernels.blockReLU(&blocked, y, count: count)
        #expect(Self.same(blocked, delta.indices.map { y[$0] > 0 ? delta[$0] : 0 }))
    }

    @Test("Sums of rows, in the order of the rows, and of two lists", arguments: shapes)
    func sums(_ shape: (rows: Int, width: Int)) {
        let delta = Self.numbers(shape.rows * shape.width, seed: 4)
        var out = [Float](repeating: .nan, count: shape.width)
        Kernels.sumRows(delta, into: &out, rows: shape.rows, width: shape.width)
        var expected = [Float](repeating: 0, count: shape.width)
        for index in delta.indices { expected[index % shape.width] += delta[index] }
        #expect(Self.same(out, expected))
        let more = Self.numbers(delta.count, seed: 5)
        var sum = delta
        Kernels.addMany(more, into: &sum, count: sum.count)
        #expect(Self.same(sum, zip(delta, more).map { $0 + $1 }))
    }

    @Test("A step of Adam", arguments: [0, 1, 15, 16, 1_000])
    func adam(_ count: Int) {
        let step = DenseOptimiser(count: 0).begin(learningRate: 0.01)
        let (before, gradient) = (Self.numbers(count, seed: 6), Self.numbers(count, seed: 7))
        let (means, variances) = (Self.numbers(count, seed: 8), Self.numbers(count, seed: 9).map(abs))
        var (weights, mean, variance) = (before, means, variances)
        Kernels.adam(&weights, gradient: gradient, mean: &mean, variance: &variance, count: count, step: step)
        var expected = (weights: before, mean: means, variance: variances)
        let (beta1, beta2, tiny): (Float, Float, Float) = (0.9, 0.999, 1e-30)
        for index in 0..<count {
            let g = gradient[index]
            let m = beta1 * means[index] + (1 - beta1) * g
            let v = beta2 * variances[index] + (1 - beta2) * g * g
            expected.mean[index] = (m + tiny) - tiny
            expected.variance[index] = (v + tiny) - tiny
            expected.weights[index] -= step.rate * m / ((v * step.varianceScale).squareRoot() + 1e-8)
        }
        #expect(Self.same(weights, expected.weights))
        #expect(Self.same(mean, expected.mean) && Self.same(variance, expected.variance))
    }

    @Test("A step of Adagrad", arguments: [0, 1, 15, 16, 1_000])
    func adagrad(_ count: Int) {
        let (before, gradient) = (Self.numbers(count, seed: 6), Self.numbers(count, seed: 7))
        let sums = Self.numbers(count, seed: 9).map(abs)
        var (weights, squares) = (before, sums)
        Kernels.adagrad(&weights, gradient: gradient, squares: &squares, count: count, rate: 0.01)
        var expected = (weights: before, squares: sums)
        for index in 0..<count {
            expected.squares[index] += gradient[index] * gradient[index]
            expected.weights[index] -= 0.01 * gradient[index] / (expected.squares[index].squareRoot() + 1e-10)
        }
        #expect(Self.same(weights, expected.weights) && Self.same(squares, expected.squares))
    }
}

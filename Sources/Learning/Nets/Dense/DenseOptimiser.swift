import Arrays
import Foundation

/// How dense parameters follow their gradients.
public enum DenseMethod: String, Codable, CaseIterable, Sendable {
    /// Kingma & Ba, arXiv 1412.6980; β₁ 0.9, β₂ 0.999, ε 1e-8.
    case adam
    /// Duchi et al. 2011, one accumulator a parameter; ε 1e-10.
    case adagrad
}

/// An optimiser over a flat array of parameters.
public final class DenseOptimiser: @unchecked Sendable {
    static let beta1: Float = 0.9
    static let beta2: Float = 0.999

    public let method: DenseMethod
    /// Adam's first moment, laid out as the parameters; empty for Adagrad.
    public let mean: FloatArray
    /// Adam's second moment, or Adagrad's sum of squares. With `mean` and `steps` it is the optimiser's whole state.
    public let variance: FloatArray
    public var steps = 0

    public init(_ method: DenseMethod = .adam, count: Int) {
        self.method = method
        mean = FloatArray(count: method == .adam ? count : 0)
        variance = FloatArray(count: count)
    }

    /// Begins a step; the parameters may then be updated range by range, on any threads, each once.
    public func begin(learningRate: Float) -> DenseStep {
        steps += 1
        switch method {
        case .adam:
            return DenseStep(
                rate: learningRate / Float(1 - pow(Double(Self.beta1), Double(steps))),
                varianceScale: Float(1 / (1 - pow(Double(Self.beta2), Double(steps)))))
        case .adagrad: return DenseStep(rate: learningRate, varianceScale: 1)
        }
    }

    /// Updates a range of the weights.
    public func update(_ weights: FloatArray, _ range: Range<Int>, gradient: FloatArray, _ step: DenseStep) {
        let start = range.lowerBound
        lending(weights, gradient, mean, variance) { weights, gradient, mean, variance in
            switch method {
            case .adam:
                Kernels.adam(
                    weights + start, gradient: gradient + start, mean: mean + start, variance: variance + start,
                    count: range.count, step: step)
            case .adagrad:
                Kernels.adagrad(
                    weights + start, gradient: gradient + start, squares: variance + start,
                    count: range.count, rate: step.rate)
            }
        }
    }
}

/// The numbers of one step that are the same for every parameter.
public struct DenseStep: Sendable {
    /// Learning rate; Adam's with the first moment's bias correction.
    let rate: Float
    /// The second moment's bias correction.
    let varianceScale: Float
}

import Foundation

/// Adam (Kingma & Ba, arXiv 1412.6980) over a flat array of parameters, β₁ 0.9, β₂ 0.999, ε 1e-8.
public final class Adam: @unchecked Sendable {
    static let beta1: Float = 0.9
    static let beta2: Float = 0.999
    static let epsilon: Float = 1e-8

    /// The moments, laid out as the parameters; with the steps so far they are the optimiser's whole state.
    public let mean: FloatArray
    public let variance: FloatArray
    public var steps = 0

    public init(count: Int) {
        mean = FloatArray(count: count)
        variance = FloatArray(count: count)
    }

    /// Begins a step; the parameters may then be updated range by range, on any threads, each once.
    public func begin(learningRate: Float) -> AdamStep {
        steps += 1
        return AdamStep(
            rate: learningRate / Float(1 - pow(Double(Self.beta1), Double(steps))),
            varianceScale: Float(1 / (1 - pow(Double(Self.beta2), Double(steps)))))
    }

    /// Updates a range of the weights.
    public func update(_ weights: FloatArray, _ range: Range<Int>, gradient: FloatArray, _ step: AdamStep) {
        let start = range.lowerBound
        weights.lend { weights in
            gradient.lend { gradient in
                mean.lend { mean in
                    variance.lend { variance in
                        Kernels.adam(
                            weights + start, gradient: gradient + start, mean: mean + start,
                            variance: variance + start, count: range.count, step: step)
                    }
                }
            }
        }
    }
}

/// The numbers of one step that are the same for every parameter.
public struct AdamStep: Sendable {
    /// Learning rate with the first moment's bias correction.
    let rate: Float
    /// The second moment's bias correction.
    let varianceScale: Float
}

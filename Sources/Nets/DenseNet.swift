import CounterRandom
import Foundation

/// A stack of dense layers, ReLU between them, ended by one linear unit. Parameters lie in one flat array, layer by
/// layer: weights `[in, out]`, then biases `[out]`.
public final class DenseNet: Sendable {
    /// Widths from the input to the logit, `[in, hidden…, 1]`.
    public let widths: [Int]
    public let parameters: FloatArray
    private let offsets: [Int]

    public init(input: Int, hidden: [Int]) {
        widths = [input] + hidden + [1]
        var offsets: [Int] = []
        var total = 0
        for layer in 0..<widths.count - 1 {
            offsets.append(total)
            total += widths[layer] * widths[layer + 1] + widths[layer + 1]
        }
        self.offsets = offsets
        parameters = FloatArray(count: total)
    }

    public var layers: Int { widths.count - 1 }

    /// Where a layer's weights `[in, out]` lie among the parameters.
    public func weights(_ layer: Int) -> Range<Int> {
        offsets[layer]..<offsets[layer] + widths[layer] * widths[layer + 1]
    }

    /// Where a layer's biases `[out]` lie among the parameters.
    public func biases(_ layer: Int) -> Range<Int> {
        let start = weights(layer).upperBound
        return start..<start + widths[layer + 1]
    }

    /// He initialisation (arXiv 1502.01852): normal with variance 2 / in; biases 0, the logit's as given.
    public func initialise(seed: UInt64, stream: UInt64, logitBias: Float) {
        for layer in 0..<layers {
            var random = CounterRandom(seed: seed, stream: stream &+ UInt64(layer))
            let deviation = (2 / Double(widths[layer])).squareRoot()
            for index in weights(layer) { parameters[index] = Float(random.normal() * deviation) }
            for index in biases(layer) { parameters[index] = layer == layers - 1 ? logitBias : 0 }
        }
    }

    /// Adds the gradient of `l2 / 2 · ‖W‖²` over the weights. Biases are free: shrinking the logit's would pull the mean
    /// prediction away from the click rate.
    public func addL2(_ l2: Float, to gradient: FloatArray) {
        guard l2 > 0 else { return }
        parameters.lend { parameters in
            gradient.lend { gradient in
                for layer in 0..<layers {
                    let range = weights(layer)
                    Kernels.add(
                        l2, times: parameters + range.lowerBound, into: gradient + range.lowerBound, count: range.count)
                }
            }
        }
    }

    /// Scratch for one slice: activations and their gradients.
    public final class Workspace: @unchecked Sendable {
        fileprivate let activations: [FloatArray]
        fileprivate let deltas: [FloatArray]

        /// - Parameter rows: the most rows a call will have.
        public init(_ net: DenseNet, rows: Int) {
            activations = net.widths.dropFirst().map { FloatArray(count: rows * $0) }
            deltas = net.widths.dropFirst().map { FloatArray(count: rows * $0) }
        }

        /// `[rows]`, valid after `forward`.
        public var logits: FloatArray { activations[activations.count - 1] }
        /// `[rows]`, to be filled before `backward`: the loss's derivative by each logit.
        public var logitGradient: FloatArray { deltas[deltas.count - 1] }
    }

    /// Computes the logits of input `[rows, in]`, which begins at `offset` of `x`.
    public func forward(_ x: FloatArray, offset: Int, rows: Int, _ workspace: Workspace) {
        guard rows > 0 else { return }
        parameters.lend { parameters in
            x.lend { x in
                var input = UnsafePointer(x + offset)
                for layer in 0..<layers {
                    workspace.activations[layer].lend { y in
                        Kernels.multiply(
                            input, parameters + offsets[layer], into: y, m: rows, n: widths[layer + 1],
                            k: widths[layer])
                        let bias = parameters + biases(layer).lowerBound
                        if layer == layers - 1 {
                            Kernels.addBias(y, bias, rows: rows, width: 1)
                        } else {
                            Kernels.addBiasReLU(y, bias, rows: rows, width: widths[layer + 1])
                        }
                        input = UnsafePointer(y)
                    }
                }
            }
        }
    }

    /// The gradient of what `workspace.logitGradient` holds the derivative of.
    ///
    /// - Parameters:
    ///   - gradient: laid out as `parameters`; overwritten.
    ///   - dx: `[rows, in]` beginning at `offset`, where the input's gradient is added; nil where it stops here.
    public func backward(
        _ x: FloatArray, offset: Int, rows: Int, _ workspace: Workspace, gradient: FloatArray,
        addingInputTo dx: FloatArray?
    ) {
        guard rows > 0 else { return }
        for layer in (0..<layers).reversed() {
            let (width, inputWidth) = (widths[layer + 1], widths[layer])
            let input = layer == 0 ? x : workspace.activations[layer - 1]
            let start = layer == 0 ? offset : 0
            workspace.deltas[layer].lend { delta in
                input.lend { input in
                    gradient.lend { gradient in
                        Kernels.multiply(
                            input + start, transposeA: true, delta, into: gradient + offsets[layer], m: inputWidth,
                            n: width, k: rows)
                        Kernels.sumRows(delta, into: gradient + biases(layer).lowerBound, rows: rows, width: width)
                    }
                }
                parameters.lend { parameters in
                    let weights = UnsafePointer(parameters + offsets[layer])
                    if layer > 0 {
                        workspace.deltas[layer - 1].lend { below in
                            Kernels.multiply(
                                delta, weights, transposeB: true, into: below, m: rows, n: inputWidth, k: width)
                            workspace.activations[layer - 1].lend {
                                Kernels.blockReLU(below, $0, count: rows * inputWidth)
                            }
                        }
                    } else {
                        dx?.lend {
                            Kernels.multiply(
                                delta, weights, transposeB: true, into: $0 + offset, m: rows, n: inputWidth, k: width,
                                beta: 1)
                        }
                    }
                }
            }
        }
    }
}

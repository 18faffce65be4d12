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
    /// Weights of all layers, without biases: multiplications a row.
    public var weightCount: Int { zip(widths, widths.dropFirst()).reduce(0) { $0 + $1.0 * $1.1 } }

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

    /// Activations of a batch and their gradients.
    public final class Workspace: @unchecked Sendable {
        fileprivate let activations: [FloatArray]
        fileprivate let deltas: [FloatArray]

        /// - Parameter rows: the most rows a batch will have.
        public init(_ net: DenseNet, rows: Int) {
            activations = net.widths.dropFirst().map { FloatArray(count: rows * $0) }
            deltas = net.widths.dropFirst().map { FloatArray(count: rows * $0) }
        }

        /// `[rows]`, valid after `forward`.
        public var logits: FloatArray { activations[activations.count - 1] }
        /// `[rows]`, to be filled before `backward`: the loss's derivative by each logit.
        public var logitGradient: FloatArray { deltas[deltas.count - 1] }
    }

    /// Computes the logits of some rows of input `[batch, in]`. Rows are independent of each other, so ranges of them may run
    /// on several threads.
    public func forward(_ x: FloatArray, rows: Range<Int>, _ workspace: Workspace) {
        guard !rows.isEmpty else { return }
        parameters.lend { parameters in
            for layer in 0..<layers {
                let (width, inputWidth) = (widths[layer + 1], widths[layer])
                let input = layer == 0 ? x : workspace.activations[layer - 1]
                input.lend { input in
                    workspace.activations[layer].lend { y in
                        let y = y + rows.lowerBound * width
                        Kernels.multiply(
                            input + rows.lowerBound * inputWidth, parameters + offsets[layer], into: y, m: rows.count,
                            n: width, k: inputWidth)
                        let bias = parameters + biases(layer).lowerBound
                        if layer == layers - 1 {
                            Kernels.addBias(y, bias, rows: rows.count, width: 1)
                        } else {
                            Kernels.addBiasReLU(y, bias, rows: rows.count, width: width)
                        }
                    }
                }
            }
        }
    }

    /// What becomes of the input's gradient.
    public enum InputGradient {
        /// It stops here.
        case none
        /// It is written to, or added to, the same rows of an array `[batch, in]`.
        case written(FloatArray)
        case added(FloatArray)
    }

    /// Carries `workspace.logitGradient` of some rows down to every layer and to the input. Rows are independent of each
    /// other. The parameters' gradients follow from it by `gradient(of:)`.
    public func backward(rows: Range<Int>, _ workspace: Workspace, input: InputGradient) {
        guard !rows.isEmpty else { return }
        parameters.lend { parameters in
            for layer in (0..<layers).reversed() {
                let (width, inputWidth) = (widths[layer + 1], widths[layer])
                let weights = UnsafePointer(parameters + offsets[layer])
                workspace.deltas[layer].lend { delta in
                    let delta = delta + rows.lowerBound * width
                    func multiply(into below: FloatArray, beta: Float) {
                        below.lend {
                            Kernels.multiply(
                                delta, weights, transposeB: true, into: $0 + rows.lowerBound * inputWidth,
                                m: rows.count, n: inputWidth, k: width, beta: beta)
                        }
                    }
                    if layer > 0 {
                        multiply(into: workspace.deltas[layer - 1], beta: 0)
                        workspace.deltas[layer - 1].lend { below in
                            workspace.activations[layer - 1].lend {
                                Kernels.blockReLU(
                                    below + rows.lowerBound * inputWidth, $0 + rows.lowerBound * inputWidth,
                                    count: rows.count * inputWidth)
                            }
                        }
                        return
                    }
                    switch input {
                    case .none: break
                    case .written(let dx): multiply(into: dx, beta: 0)
                    case .added(let dx): multiply(into: dx, beta: 1)
                    }
                }
            }
        }
    }

    /// A part of the parameters whose gradient is computed in one go over the whole batch: some lines of a layer's weights,
    /// and with the first of them its biases. The parts depend on the net alone, so who computes them when changes nothing.
    public struct Part: Sendable {
        public let layer: Int
        let lines: Range<Int>
        /// Multiplications and additions a row.
        public let work: Int
    }

    /// All parts, the largest first.
    public var parts: [Part] {
        (0..<layers).flatMap { layer -> [Part] in
            let (width, inputWidth) = (widths[layer + 1], widths[layer])
            let count = (inputWidth * width + Self.partWeights - 1) / Self.partWeights
            return (0..<count).map { number in
                let lines = inputWidth * number / count..<inputWidth * (number + 1) / count
                return Part(layer: layer, lines: lines, work: 2 * lines.count * width)
            }
        }.sorted { $0.work > $1.work }
    }

    /// Large enough that packing its operands is little beside the product.
    private static let partWeights = 1 << 18

    /// Where a part's parameters lie: weights, and biases or nothing.
    func ranges(of part: Part) -> [Range<Int>] {
        let width = widths[part.layer + 1]
        let start = offsets[part.layer]
        let weights = start + part.lines.lowerBound * width..<start + part.lines.upperBound * width
        return part.lines.lowerBound == 0 ? [weights, biases(part.layer)] : [weights]
    }

    /// Computes the gradient of a part after `backward` has run for all rows.
    ///
    /// - Parameters:
    ///   - rows: of the batch.
    ///   - gradient: laid out as `parameters`; the part of it is overwritten.
    public func gradient(
        of part: Part, _ x: FloatArray, rows: Int, _ workspace: Workspace, into gradient: FloatArray
    ) {
        let (width, inputWidth) = (widths[part.layer + 1], widths[part.layer])
        let input = part.layer == 0 ? x : workspace.activations[part.layer - 1]
        workspace.deltas[part.layer].lend { delta in
            input.lend { input in
                gradient.lend { gradient in
                    let ranges = ranges(of: part)
                    Kernels.multiply(
                        input + part.lines.lowerBound, transposeA: true, strideA: inputWidth, delta,
                        into: gradient + ranges[0].lowerBound, m: part.lines.count, n: width, k: rows)
                    if ranges.count == 2 {
                        Kernels.sumRows(delta, into: gradient + ranges[1].lowerBound, rows: rows, width: width)
                    }
                }
            }
        }
    }

    /// One step of an optimiser on a part, with the gradient of `l2 / 2 · ‖W‖²` over its weights. Biases are free: shrinking
    /// the logit's would pull the mean prediction away from the click rate.
    public func update(_ part: Part, gradient: FloatArray, l2: Float, by adam: Adam, _ step: AdamStep) {
        let ranges = ranges(of: part)
        if l2 > 0 {
            parameters.lend { parameters in
                gradient.lend { gradient in
                    let start = ranges[0].lowerBound
                    Kernels.add(l2, times: parameters + start, into: gradient + start, count: ranges[0].count)
                }
            }
        }
        for range in ranges { adam.update(parameters, range, gradient: gradient, step) }
    }
}

import Arrays
import CounterRandom
import Foundation

/// A stack of layers: cross layers, then hidden ones, then one linear unit, as its specification says. Parameters lie
/// in one flat array, layer by layer: weights `[in, out]`, biases `[out]`, then what batch-norm and the activation
/// need.
public final class DenseNet: Sendable {
    /// What the stack ends with.
    public enum End: Sendable {
        case logit
        /// The last hidden layer: the net is the lower part of others.
        case hiddenLayer
    }

    public let specification: DenseSpecification
    public let parameters: FloatArray
    /// Running means and variances of batch-norm and Dice, used for scoring; trained by averaging, not by gradients.
    public let statistics: FloatArray
    let stack: [DenseLayer]

    public init(input: Int, _ specification: DenseSpecification, end: End = .logit) {
        self.specification = specification
        stack = DenseLayer.stack(input: input, specification, end: end)
        parameters = FloatArray(count: stack.last?.end ?? 0)
        statistics = FloatArray(count: stack.last.map { $0.statistics + $0.statisticsCount } ?? 0)
    }

    private init(_ other: DenseNet) {
        specification = other.specification
        stack = other.stack
        parameters = FloatArray(count: other.parameters.count)
        statistics = FloatArray(count: other.statistics.count)
        parameters.copy(other.parameters)
        statistics.copy(other.statistics)
    }

    /// A net with the same weights.
    public func copy() -> DenseNet { DenseNet(self) }

    public var layers: Int { stack.count }
    /// Width of the last layer: 1 where it is the logit.
    public var outputWidth: Int { stack.last?.output ?? 0 }
    /// Weights of all layers, without biases: multiplications a row.
    public var weightCount: Int { stack.reduce(0) { $0 + $1.weights.count } }

    /// A layer's shape `[in, out]`.
    public func shape(_ layer: Int) -> [Int] { [stack[layer].input, stack[layer].output] }
    package func kind(_ layer: Int) -> DenseLayer.Kind { stack[layer].kind }
    /// Where a layer's weights `[in, out]` lie among the parameters.
    public func weights(_ layer: Int) -> Range<Int> { stack[layer].weights }
    /// Where a layer's biases `[out]` lie among the parameters.
    public func biases(_ layer: Int) -> Range<Int> { stack[layer].biases }

    /// What a layer keeps besides weights and biases, `[out]` each: the name, the array and where it lies there.
    public func extras(_ layer: Int) -> [(name: String, array: FloatArray, range: Range<Int>)] {
        let layer = stack[layer]
        func running(_ name: String, from start: Int) -> [(name: String, array: FloatArray, range: Range<Int>)] {
            [
                ("\(name)_mean", statistics, start..<start + layer.output),
                ("\(name)_variance", statistics, start + layer.output..<start + 2 * layer.output),
            ]
        }
        var extras: [(name: String, array: FloatArray, range: Range<Int>)] = []
        if layer.batchNorm {
            extras += [("scale", parameters, layer.scales), ("shift", parameters, layer.shifts)]
            extras += running("running", from: layer.statistics)
        }
        if !layer.slopes.isEmpty { extras.append(("slope", parameters, layer.slopes)) }
        if layer.activation == .dice { extras += running("dice", from: layer.diceStatistics) }
        return extras
    }

    /// He initialisation below ReLU and its kin (arXiv 1502.01852): normal with variance 2 / in; Glorot's 2 / (in +
    /// out) for cross layers; biases 0, the logit's as given. PReLU's slopes begin at 0.25, Dice's at 0, as in their
    /// papers.
    ///
    /// - Parameter below: the first layers, this many, begin as a separate net would with another stream, and those
    ///   above them as a net without them.
    public func initialise(
        seed: UInt64, stream: UInt64, logitBias: Float, below: (layers: Int, stream: UInt64) = (0, 0)
    ) {
        for (index, layer) in stack.enumerated() {
            let number = index < below.layers ? index : index - below.layers
            var random = CounterRandom(
                seed: seed, stream: (index < below.layers ? below.stream : stream) &+ UInt64(number))
            let fan = layer.isCross ? layer.input + layer.output : layer.input
            let deviation = (2 / Double(fan)).squareRoot()
            for index in layer.weights { parameters[index] = Float(random.normal() * deviation) }
            var bias: Float = 0
            if case .logit = layer.kind { bias = logitBias }
            for index in layer.biases { parameters[index] = bias }
            for index in layer.scales { parameters[index] = 1 }
            for index in layer.slopes { parameters[index] = layer.activation == .prelu ? 0.25 : 0 }
        }
        for layer in stack {
            for extra in stride(from: layer.output, to: layer.statisticsCount, by: 2 * layer.output) {
                for column in 0..<layer.output { statistics[layer.statistics + extra + column] = 1 }
            }
        }
    }

    /// How rows go through the net.
    public enum Pass: Sendable {
        /// With running statistics and all units.
        case scoring
        /// With the statistics of a slice's own rows ("ghost" batch-norm, Hoffer et al., arXiv 1705.08741), so that
        /// slices stay independent of each other, and with the units that the key chooses.
        case training(slice: Int, dropout: Dropout)
    }

    /// Which units a step drops.
    public struct Dropout: Sendable {
        var key: UInt64
        /// The numbers of the rows in the whole batch, where these are some of it; nil: as they lie here.
        var rowNumbers: [UInt32]?

        public init(key: UInt64 = 0, rowNumbers: [UInt32]? = nil) {
            self.key = key
            self.rowNumbers = rowNumbers
        }

        /// The same for one of several stacks of layers.
        public func ofStack(_ number: Int) -> Dropout {
            Dropout(key: key &+ UInt64(number), rowNumbers: rowNumbers)
        }
    }

    /// Activations of a batch and their gradients.
    public final class Workspace: @unchecked Sendable {
        let activations: [FloatArray]
        let deltas: [FloatArray]
        /// What goes into the activation, `[rows, out]`, where the layer keeps it.
        let linear: [FloatArray]
        /// Batch-norm's and Dice's standardised values, `[rows, out]`.
        let normalised, standardised: [FloatArray]
        /// Mean and variance of batch-norm, then of Dice, by slice, `[slices, 4, out]`.
        let moments: [FloatArray]
        /// Gradients of scales, shifts and slopes by slice, laid out like the parameters, `[slices, …]`.
        let extraGradients: [FloatArray]
        /// Rows of each slice in the last pass.
        let sliceRows: FloatArray
        /// What the last pass adds to the batch's means and variances, laid out as the net's `statistics`.
        public let passStatistics: FloatArray
        /// What cross layers add to the input's gradient, `[rows, in]`.
        let crossGradient: FloatArray
        /// With bf16, of hidden layers: the weights, laid out as the parameters, the inputs `[rows, in]` and the
        /// gradients of the linear outputs `[rows, out]`; otherwise empty.
        let roundedWeights: BFloat16Array
        let roundedInputs, roundedDeltas: [BFloat16Array]

        /// - Parameters:
        ///   - rows: the most rows a batch will have.
        ///   - slices: of a batch in training; 0: for scoring only.
        ///   - type: with bf16, `roundWeights` must follow each change of the weights.
        public init(_ net: DenseNet, rows: Int, slices: Int, type: DenseType = .f32) {
            let training = slices > 0
            func arrays(_ count: (DenseLayer) -> Int) -> [FloatArray] { net.stack.map { FloatArray(count: count($0)) } }
            activations = arrays { rows * $0.output }
            deltas = arrays { training ? rows * $0.output : 0 }
            linear = arrays { $0.keepsLinear ? rows * $0.output : 0 }
            normalised = arrays { $0.batchNorm ? rows * $0.output : 0 }
            standardised = arrays { $0.activation == .dice ? rows * $0.output : 0 }
            moments = arrays { $0.statisticsCount > 0 ? slices * 4 * $0.output : 0 }
            extraGradients = arrays { slices * ($0.end - $0.biases.upperBound) }
            sliceRows = FloatArray(count: slices)
            passStatistics = FloatArray(count: training ? net.statistics.count : 0)
            let crosses = training && net.stack.contains(where: \.isCross)
            crossGradient = FloatArray(count: crosses ? rows * (net.stack.first?.input ?? 0) : 0)
            func rounded(_ count: (DenseLayer) -> Int) -> [BFloat16Array] {
                net.stack.map { BFloat16Array(count: type == .bf16 && $0.activation != nil ? count($0) : 0) }
            }
            roundedWeights = BFloat16Array(count: type == .bf16 ? net.parameters.count : 0)
            roundedInputs = rounded { rows * $0.input }
            roundedDeltas = rounded { rows * $0.output }
            if type == .bf16 { roundedWeights.round(net.parameters, 0..<net.parameters.count) }
        }

        /// The last layer's, valid after `forward`: logits `[rows]`, or `[rows, out]`.
        public var output: FloatArray { activations[activations.count - 1] }
        /// Where a layer's product goes, `[rows, out]`: what its activation then reads or, plain ReLU, works on in
        /// place.
        func sums(_ layer: Int) -> FloatArray { linear[layer].count > 0 ? linear[layer] : activations[layer] }
        /// The first layer's.
        var firstSums: FloatArray { sums(0) }
        /// Whether a layer's products are computed in bf16.
        func isRounded(_ layer: Int) -> Bool { roundedInputs[layer].count > 0 }
        /// To be filled before `backward`: the loss's derivative by each number of `output`.
        public var outputGradient: FloatArray { deltas[deltas.count - 1] }
    }
}

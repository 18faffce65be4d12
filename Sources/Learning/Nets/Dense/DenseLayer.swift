/// One layer of a net, and where its parameters lie in the net's flat array.
package struct DenseLayer: Sendable {
    package enum Kind: Equatable, Sendable {
        /// `out = activation(normalise(in · W + b))`
        case hidden(Activation)
        /// `out = x₀ ⊙ (in · W + b) + in`, where x₀ is the net's input (DCN-v2, arXiv 2008.13535, equation 1).
        case cross
        /// `out = in · W + b`, one unit.
        case logit
    }

    let kind: Kind
    let input: Int
    let output: Int
    let batchNorm: Bool
    let dropout: Double
    /// Where the layer's parameters begin: weights `[in, out]`, biases `[out]`, then with batch-norm scales and shifts
    /// `[out]`, then slopes `[out]` of PReLU or Dice.
    let start: Int
    /// Where its running means and variances begin among the net's statistics: `[out]` each, batch-norm's before
    /// Dice's.
    let statistics: Int

    /// A plain hidden layer keeps only its output; the others need what went into the activation.
    var keepsLinear: Bool {
        switch kind {
        case .hidden(let activation): activation != .relu || batchNorm
        case .cross: true
        case .logit: false
        }
    }

    var activation: Activation? {
        guard case .hidden(let activation) = kind else { return nil }
        return activation
    }
    var isCross: Bool {
        guard case .cross = kind else { return false }
        return true
    }
    private var hasSlopes: Bool { activation == .prelu || activation == .dice }

    var weights: Range<Int> { start..<start + input * output }
    var biases: Range<Int> { weights.upperBound..<weights.upperBound + output }
    /// Empty without batch-norm.
    var scales: Range<Int> { biases.upperBound..<biases.upperBound + (batchNorm ? output : 0) }
    var shifts: Range<Int> { scales.upperBound..<scales.upperBound + scales.count }
    /// Empty for other activations.
    var slopes: Range<Int> { shifts.upperBound..<shifts.upperBound + (hasSlopes ? output : 0) }
    var end: Int { slopes.upperBound }
    /// Running numbers of batch-norm and of Dice.
    var statisticsCount: Int { (batchNorm ? 2 * output : 0) + (activation == .dice ? 2 * output : 0) }
    /// Where Dice's running mean begins.
    var diceStatistics: Int { statistics + (batchNorm ? 2 * output : 0) }

    /// The layers of a net.
    static func stack(input: Int, _ specification: DenseSpecification, end: DenseNet.End) -> [DenseLayer] {
        var layers: [DenseLayer] = []
        func add(_ kind: Kind, output: Int, batchNorm: Bool = false, dropout: Double = 0) {
            let last = layers.last
            layers.append(
                DenseLayer(
                    kind: kind, input: last?.output ?? input, output: output, batchNorm: batchNorm, dropout: dropout,
                    start: last?.end ?? 0, statistics: last.map { $0.statistics + $0.statisticsCount } ?? 0))
        }
        for _ in 0..<specification.crossLayers { add(.cross, output: input) }
        for width in specification.hidden {
            add(
                .hidden(specification.activation), output: width, batchNorm: specification.batchNorm,
                dropout: specification.dropout)
        }
        if end == .logit { add(.logit, output: 1) }
        return layers
    }
}

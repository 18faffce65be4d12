import Foundation

/// The loss of one row and its derivatives by the two logits, each a term of
/// `L = H(y, p) + H(y, q) + λ · hint(z, l)` (arXiv 1708.04106, equation 2).
///
/// Computed in Float64: the work is nothing beside the nets, and sums over a long run stay exact.
package struct RowLoss {
    /// H(y, p) and its derivative by z.
    package var light: (loss: Double, dz: Double) = (0, 0)
    /// H(y, q) and its derivative by l.
    package var booster: (loss: Double, dl: Double) = (0, 0)
    /// The hint, not weighted by λ, and its derivatives; `dl` is 0 where the gradient is blocked.
    package var hint: (loss: Double, dz: Double, dl: Double) = (0, 0, 0)
    /// The distillation term beside the hint, likewise; 0 where its weight is.
    package var distillation: (loss: Double, dz: Double, dl: Double) = (0, 0, 0)
}

/// H(y, σ(x)) and its derivative by x; never overflows.
func crossEntropy(logit x: Double, label y: Double) -> (loss: Double, dx: Double) {
    (max(x, 0) - x * y + log1p(exp(-abs(x))), sigmoid(x) - y)
}

func sigmoid(_ x: Double) -> Double {
    x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x))
}

extension HintLoss {
    /// The hint of one row and its derivatives, without any block.
    ///
    /// The implementation published for XDL adds the squared difference of two softmax logits; on one sigmoid logit that
    /// is this one with half the weight.
    func value(z: Double, l: Double, temperature t: Double) -> (loss: Double, dz: Double, dl: Double) {
        switch self {
        case .logitMSE:
            let difference = l - z
            return (difference * difference, -2 * difference, 2 * difference)
        case .probabilityMSE:
            let (p, q) = (sigmoid(z), sigmoid(l))
            let difference = q - p
            return (difference * difference, -2 * difference * p * (1 - p), 2 * difference * q * (1 - q))
        case .distillation:
            // Cross-entropy of σ(z / T) against σ(l / T). The factor T² that some put before it belongs to λ here.
            let q = sigmoid(l / t)
            let (loss, dz) = crossEntropy(logit: z / t, label: q)
            return (loss, dz / t, -(z / t) * q * (1 - q) / t)
        }
    }
}

extension RocketSpecification {
    /// All terms of one row. The block acts here, once: with it the hint's derivative by `l` does not exist, so no
    /// parameter of the booster can see it.
    package func loss(z: Double, l: Double, label: Double) -> RowLoss {
        var row = RowLoss()
        let (light, booster) = (crossEntropy(logit: z, label: label), crossEntropy(logit: l, label: label))
        row.light = (light.loss, light.dx)
        row.booster = (booster.loss, booster.dx)
        row.hint = hintLoss.value(z: z, l: l, temperature: temperature)
        if distillationWeight > 0 {
            row.distillation = HintLoss.distillation.value(z: z, l: l, temperature: temperature)
        }
        if gradientBlock != .none {
            row.hint.dl = 0
            row.distillation.dl = 0
        }
        return row
    }
}

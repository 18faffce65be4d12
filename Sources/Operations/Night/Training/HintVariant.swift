import RocketLaunching
import Training

/// The arm `rocket` with another hint than the job file's: another loss, another λ, or both.
public struct HintVariant: Hashable, Sendable {
    /// Nil: the job file's.
    public var loss: HintLoss?
    /// λ; nil: the job file's.
    public var weight: Double?

    public init(loss: HintLoss?, weight: Double?) {
        self.loss = loss
        self.weight = weight
    }

    /// Each loss with each weight; where only one list has members, those alone.
    public static func each(losses: [HintLoss], weights: [Double]) -> [HintVariant] {
        if weights.isEmpty { return losses.map { HintVariant(loss: $0, weight: nil) } }
        if losses.isEmpty { return weights.map { HintVariant(loss: nil, weight: $0) } }
        return losses.flatMap { loss in weights.map { HintVariant(loss: loss, weight: $0) } }
    }

    /// The job file's settings with this hint.
    func applied(to base: RocketSpecification) -> RocketSpecification {
        var rocket = base
        rocket.hintLoss = loss ?? base.hintLoss
        rocket.hintWeight = weight ?? base.hintWeight
        return rocket
    }

    /// What follows `rocket` in the name of the arm: `logit_mse λ=0.3`.
    var name: String {
        let number = weight.map { $0 == $0.rounded() && abs($0) < 1e15 ? String(Int($0)) : String($0) }
        return [loss?.rawValue, number.map { "λ=\($0)" }].compactMap(\.self).joined(separator: " ")
    }
}

/// One training of an experiment: an arm of the paper, rocket with another hint, or logistic regression.
package struct ExperimentArm: Hashable {
    package let contender: Contender
    package let hint: HintVariant?

    /// - Parameter hint: nil: the job file's.
    package init(_ contender: Contender, hint: HintVariant? = nil) {
        (self.contender, self.hint) = (contender, hint)
    }

    /// As in `rocket.experiment_results`.
    package var name: String { hint.map { "\(contender.rawValue) \($0.name)" } ?? contender.rawValue }
}

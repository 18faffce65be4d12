import Nets
import RocketLaunching

/// Learning rates of one step, with the numbers of the dense optimisers that are in the middle of it.
package struct StepRates: Sendable {
    var lights, booster, trunk: DenseStep?
    package var embeddings, linear: Float

    subscript(parameters: Parameters) -> DenseStep? {
        switch parameters {
        case .own(.light): lights
        case .own(.booster): booster
        case .shared, .ofLightNets: trunk
        }
    }
}

extension TrainingStep {
    /// Begins a step of the optimisers.
    ///
    /// - Parameter progress: share of the run that is over, 0…1; a search has constant rates.
    func rates(progress: Double) -> StepRates {
        let scale = Float(training.passes.search == nil ? training.optimisation.schedule.scale(progress: progress) : 1)
        let rate = Float(training.optimisation.dense.learningRate) * scale
        let lightRate =
            Float(training.optimisation.dense.lightLearningRate ?? training.optimisation.dense.learningRate) * scale
        // All of them have done as many steps.
        var lightStep: DenseStep?
        for lane in lights { lightStep = lane.optimiser.begin(learningRate: lightRate) }
        return StepRates(
            lights: lightStep,
            booster: booster?.optimiser.begin(learningRate: rate),
            trunk: trunk?.optimiser.begin(learningRate: rate),
            embeddings: Float(training.optimisation.embeddingLearningRate) * scale,
            linear: Float(training.optimisation.linear.learningRate) * scale)
    }
}

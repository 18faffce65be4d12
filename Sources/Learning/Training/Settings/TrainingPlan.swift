import Foundation
import Nets
import RocketLaunching

/// What one training is of: an arm of a job's nets, on the inputs of the cached rows, with the job's settings.
public struct TrainingPlan: Codable, Sendable {
    public var arm: Arm
    public var layout: InputLayout
    public var nets: NetSpecification
    /// The job's rocket settings; the arm changes what makes it different.
    public var rocket: RocketSpecification
    public var training: TrainingSpecification
    /// Click rate of the training rows, at which both nets begin, so that a rare click is no surprise.
    public var clickRate: Double

    public init(
        arm: Arm, layout: InputLayout, nets: NetSpecification, rocket: RocketSpecification,
        training: TrainingSpecification, clickRate: Double
    ) {
        self.arm = arm
        self.layout = layout
        self.nets = nets
        self.rocket = rocket
        self.training = training
        self.clickRate = clickRate
    }
}

extension TrainingPlan {
    /// FTRL of the linear parts.
    var ftrl: FTRL {
        FTRL(l1: Float(training.optimisation.linear.l1), l2: Float(training.optimisation.linear.l2))
    }

    /// The log odds of a click, on the rows that are trained on.
    var logitBias: Double {
        let clickRate = min(max(clickRate, 1e-6), 1 - 1e-6)
        return log(clickRate / (1 - clickRate)) + training.logitExcess
    }
}

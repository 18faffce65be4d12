import Nets

/// How gradients become steps of the weights.
public struct Optimisation: Equatable, Sendable {
    public var dense: Dense
    /// Step size of the embeddings' row-wise Adagrad.
    public var embeddingLearningRate: Double
    public var linear: Linear
    /// How all step sizes change over the run.
    public var schedule: LearningRateSchedule
    /// Longest gradient that is used as it is, a longer one is shortened to it: each of the light net's, the booster's
    /// and the shared parameters' separately. Nil: none is.
    public var gradientClip: Double?

    public init(
        dense: Dense = Dense(), embeddingLearningRate: Double = 0.02, linear: Linear = Linear(),
        schedule: LearningRateSchedule = LearningRateSchedule(), gradientClip: Double? = nil
    ) {
        self.dense = dense
        self.embeddingLearningRate = embeddingLearningRate
        self.linear = linear
        self.schedule = schedule
        self.gradientClip = gradientClip
    }

    /// Settings of the dense layers.
    public struct Dense: Codable, Equatable, Sendable {
        public var optimiser: DenseMethod
        /// Step size.
        public var learningRate: Double
        /// Step size of the light net's own layers; nil: `learningRate`.
        public var lightLearningRate: Double?
        /// Added to the weights' gradient, per unit of weight.
        public var l2: Double

        private enum CodingKeys: String, CodingKey {
            case optimiser = "denseOptimiser"
            case learningRate = "denseLearningRate"
            case lightLearningRate, l2
        }

        public init(
            optimiser: DenseMethod = .adam, learningRate: Double = 0.001, lightLearningRate: Double? = nil,
            l2: Double = 0
        ) {
            self.optimiser = optimiser
            self.learningRate = learningRate
            self.lightLearningRate = lightLearningRate
            self.l2 = l2
        }
    }

    /// Settings of the nets' linear parts, which FTRL trains.
    public struct Linear: Codable, Equatable, Sendable {
        /// FTRL's α.
        public var learningRate: Double
        /// Pulls towards few and towards small weights.
        public var l1, l2: Double

        private enum CodingKeys: String, CodingKey {
            case learningRate = "linearLearningRate"
            case l1 = "linearL1"
            case l2 = "linearL2"
        }

        public init(learningRate: Double = 0.05, l1: Double = 0, l2: Double = 0) {
            (self.learningRate, self.l1, self.l2) = (learningRate, l1, l2)
        }
    }
}

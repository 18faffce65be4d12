/// How a training went; stored with the version.
public struct TrainingReport: Codable, Sendable {
    public var arm: Arm
    public var steps: Int
    public var samples: Int
    public var seconds: Double
    public var samplesPerSecond: Double
    /// λ as it was used: a hint that was silently off is seen here.
    public var hintWeight: Double
    /// Means over stretches of steps, at most about 200 of them.
    public var curve: [CurvePoint]
    /// What the first steps' gradients say about the block.
    public var gradientBlockProof: [GradientProof]

    /// Mean loss terms over the steps up to `step` since the point before.
    public struct CurvePoint: Codable, Equatable, Sendable {
        public var step: Int
        public var lightLoss: Double?
        public var boosterLoss: Double?
        /// Not weighted by λ.
        public var hint: Double?
    }

    /// Euclidean norms of λ · hint's gradient, by real backward passes of the hint term alone.
    public struct GradientProof: Codable, Equatable, Sendable {
        public var step: Int
        /// On the booster's own parameters W_B: exactly 0 under gradient block.
        public var hintOnBooster: Double
        /// On the light net's own parameters W_L: above 0 when the hint is at work.
        public var hintOnLight: Double
    }
}

/// How far a training is.
public struct TrainingProgress: Sendable {
    public var samples: Int
    public var step: Int
}

/// Why a training ended early.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    /// A loss term became NaN or infinite.
    case notFinite(step: Int, term: String)
    /// The data hold no rows.
    case noRows
    /// The hint moved the booster although the gradient is blocked: an error of the program.
    case gradientNotBlocked(step: Int, norm: Double)

    public var description: String {
        switch self {
        case .notFinite(let step, let term):
            "training stopped at step \(step): not finite: the \(term); lower the learning rates or λ, "
                + "or look for extreme numeric features"
        case .noRows:
            "there are no rows to train on"
        case .gradientNotBlocked(let step, let norm):
            "training stopped at step \(step): the hint's gradient on the booster has norm \(norm) although it is "
                + "blocked; please report this"
        }
    }
}

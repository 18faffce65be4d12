/// How the booster teaches the light net (Zhou et al., "Rocket Launching", arXiv 1708.04106).
public struct RocketSpecification: Codable, Equatable, Sendable {
    public var hintLoss: HintLoss
    /// λ: the weight of the hint term, which is a mean over the batch.
    public var hintWeight: Double
    /// T of the `distillation` hint; unused by the others.
    public var temperature: Double
    public var gradientBlock: GradientBlock
    public var sharing: Sharing

    public init(
        hintLoss: HintLoss = .logitMSE, hintWeight: Double = 0.3, temperature: Double = 1,
        gradientBlock: GradientBlock = .logits, sharing: Sharing = .embeddings
    ) {
        self.hintLoss = hintLoss
        self.hintWeight = hintWeight
        self.temperature = temperature
        self.gradientBlock = gradientBlock
        self.sharing = sharing
    }
}

/// What the hint compares; `z` light logit, `l` booster logit, `p = σ(z)`, `q = σ(l)`.
public enum HintLoss: String, Codable, CaseIterable, Sendable {
    /// mean (l − z)², the paper's choice (its Table 3).
    case logitMSE = "logit_mse"
    /// mean (q − p)²; its gradient vanishes where p → 0.
    case probabilityMSE = "probability_mse"
    /// Cross-entropy of the outputs softened by a temperature, as in Hinton et al. 2015.
    case distillation
}

/// Which parameters the hint may not move.
public enum GradientBlock: String, Codable, CaseIterable, Sendable {
    /// The paper: in the hint term the booster's logit is a constant.
    case logits
    /// No block: the hint also pulls the booster towards the light net.
    case none
    /// As `logits`, and the light net does not train the shared part at all (as EasyRec does).
    case logitsAndSharedInput = "logits_and_shared_input"
}

/// What the two nets have in common.
public enum Sharing: String, Codable, CaseIterable, Sendable {
    case nothing
    case embeddings
}

/// One way to train, of those the paper compares; each runs on the same cache.
public enum Arm: String, Codable, CaseIterable, Sendable {
    /// Light and booster trained together, with the hint.
    case rocket
    /// The light net alone.
    case light
    /// The booster net alone.
    case booster
}

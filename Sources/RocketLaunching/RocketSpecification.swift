/// How the booster teaches the light net (Zhou et al., "Rocket Launching", arXiv 1708.04106).
public struct RocketSpecification: Codable, Equatable, Sendable {
    public var hintLoss: HintLoss
    /// λ: the weight of the hint term, which is a mean over the batch.
    public var hintWeight: Double
    /// Share of the run over which λ rises from 0 to `hintWeight`: before it knows something, the booster has nothing to
    /// teach. 0: λ is constant.
    public var hintWarmUp: Double
    /// T of the `distillation` hint; unused by the others.
    public var temperature: Double
    /// Weight of the distillation term beside the hint; 0 but in the arm `rocket_and_distillation`.
    var distillationWeight = 0.0
    public var gradientBlock: GradientBlock
    /// Which booster the hint comes from; nil: `joint`.
    public var teacher: Teacher?
    public var sharing: Sharing
    /// The first so many hidden layers are shared too, where embeddings are; both nets have the same widths there.
    public var sharedLayers: Int

    /// The defaults are not the paper's (`logitMSE`, `embeddings`, `logits`) but those that helped most on the data of the
    /// page DoesTheHintHelp.
    public init(
        hintLoss: HintLoss = .distillation, hintWeight: Double = 3, hintWarmUp: Double = 0, temperature: Double = 1,
        gradientBlock: GradientBlock = .logitsAndSharedInput, sharing: Sharing = .nothing, sharedLayers: Int = 0,
        teacher: Teacher? = nil
    ) {
        self.hintLoss = hintLoss
        self.hintWeight = hintWeight
        self.hintWarmUp = hintWarmUp
        self.temperature = temperature
        self.gradientBlock = gradientBlock
        self.sharing = sharing
        self.sharedLayers = sharedLayers
        self.teacher = teacher
    }
}

extension RocketSpecification {
    /// The settings' part that a job file names.
    private enum CodingKeys: CodingKey {
        case hintLoss, hintWeight, hintWarmUp, temperature, gradientBlock, sharing, sharedLayers, teacher
    }

    /// Factor on λ: rises linearly over the warm-up.
    ///
    /// - Parameter progress: share of the run that is over, 0…1.
    func hintScale(progress: Double) -> Double {
        hintWarmUp > 0 ? min(1, progress / hintWarmUp) : 1
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

/// Which booster teaches the light net of the arm `rocket`.
public enum Teacher: String, Codable, CaseIterable, Sendable {
    /// The paper: the booster of the moment, which is trained together with the light net.
    case joint
    /// The booster is trained first, to its own end, and then stands still.
    case finished
}

/// Which parameters the hint may not move.
public enum GradientBlock: String, Codable, CaseIterable, Sendable {
    /// The paper: in the hint term the booster's logit is a constant.
    case logits
    /// No block: the hint also pulls the booster towards the light net.
    case none
    /// As `logits`, and the light net does not train the shared part at all (as EasyRec does). The default where something is
    /// shared: the booster then is exactly what it is alone.
    case logitsAndSharedInput = "logits_and_shared_input"
}

/// What the two nets have in common.
public enum Sharing: String, Codable, CaseIterable, Sendable {
    case nothing
    case embeddings
}

/// One way to train, of those the paper compares (arXiv 1708.04106, tables 2 to 5); each runs on the same cache.
public enum Arm: String, Codable, CaseIterable, Sendable {
    /// Light and booster trained together, with the hint.
    case rocket
    /// The light net alone.
    case light
    /// The booster net alone.
    case booster
    /// The light net alone, taught by the soft outputs of a booster that was trained before and stands still (Hinton et al.,
    /// arXiv 1503.02531).
    case distillation
    /// As `rocket`, but the hint also pulls the booster.
    case rocketWithoutBlock = "rocket_without_block"
    /// As `rocket`, each net with embeddings of its own.
    case rocketWithoutSharing = "rocket_without_sharing"
    /// The hint comes from a booster that was trained before and stands still.
    case rocketWithoutJointTraining = "rocket_without_joint_training"
    /// As `rocket`, with the soft outputs of the booster of the moment beside the hint.
    case rocketAndDistillation = "rocket_and_distillation"

    /// Whether the arm needs a booster that was trained before.
    public var needsTeacher: Bool { self == .distillation || self == .rocketWithoutJointTraining }
    var trainsLight: Bool { self != .booster }
    var trainsBooster: Bool { self != .light && !needsTeacher }
    var hasHint: Bool { self != .light && self != .booster }

    /// The settings that make the arm what it is.
    func settings(_ base: RocketSpecification) -> RocketSpecification {
        var rocket = base
        switch self {
        case .rocket: break
        case .light, .booster: rocket.hintWeight = 0
        case .distillation: rocket.hintLoss = .distillation
        case .rocketWithoutBlock: rocket.gradientBlock = .none
        case .rocketWithoutSharing: rocket.sharing = .nothing
        case .rocketWithoutJointTraining: rocket.gradientBlock = .logits
        case .rocketAndDistillation: rocket.distillationWeight = base.hintWeight
        }
        return rocket
    }
}

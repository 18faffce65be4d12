import Foundation

// Rocket launching (Zhou et al., AAAI 2018, arXiv 1708.04106), in the paper's order and symbols:
//     z, p = σ(z)   logit and probability of a light net       W_L  its own parameters
//     l, q = σ(l)   logit and probability of the booster       W_B  its own parameters
//     y             the label: 1 for a click                   W_S  the parameters that both share
//
// Public implementations disagree. The authors' image code adds the hint over all classes' logits, λ = 0.03; its block
// cannot be turned off. XDL's code compares two softmax logits with λ = 0.3, about 0.15 of ours. EasyRec and
// TorchEasyRec fix λ at 1, and what is shared learns from the booster alone: `GradientBlock.logitsAndSharedInput`.

// MARK: Nets and parameters

/// A net of a co-training.
public enum Net: Hashable, Sendable {
    /// The large net that teaches, with the logit l.
    case booster
    /// A small net to be served, with its own logit z; the name tells several apart.
    case light(String)

    /// The light net of a co-training that launches one.
    public static let servedLight = Net.light("light")
    public var isLight: Bool { self != .booster }

    /// The net's name in files, tables and reports.
    public var name: String {
        guard case .light(let name) = self else { return "booster" }
        return name
    }
}

/// A part of the parameters; `GradientTable` says which terms train it.
public enum Parameters: Hashable, Sendable {
    /// W_S: embeddings, and the first dense layers where they are shared.
    case shared
    /// Embeddings that the light nets share, and the booster does not; they learn what W_L learns.
    case ofLightNets
    /// W_B of the booster, W_L of a light net.
    case own(Net)
}

// MARK: The loss (equation 2)

/// The ways from the loss to the parameters: the terms of L, the hint once for each logit that it depends on.
///
///     L = H(y, q) + Σ (H(y, p) + λ · hint(z, l))    over the light nets; the paper has one
///
/// With a block only shared parameters see more than one net's terms: where nothing is shared, each light net is
/// exactly what it is alone with the booster.
package struct LossTerms: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }

    /// H(y, q), through l.
    package static let booster = LossTerms(rawValue: 1)
    /// H(y, p), through z.
    package static let light = LossTerms(rawValue: 2)
    /// λ · hint, through z.
    package static let hintThroughLight = LossTerms(rawValue: 4)
    /// λ · hint, through l.
    package static let hintThroughBooster = LossTerms(rawValue: 8)
    package static let hint: LossTerms = [.hintThroughLight, .hintThroughBooster]
    package static let throughLight: LossTerms = [.light, .hintThroughLight]
    package static let all: LossTerms = [.booster, .light, .hint]
}

/// The loss of one row with one light net, and its derivatives by the two logits, in Float64.
package struct RowLoss: Sendable {
    /// H(y, p), and H(y, q).
    package var light: (loss: Double, dz: Double), booster: (loss: Double, dl: Double)
    /// The hint, not weighted by λ, and its derivatives; `dl` is 0 where the gradient is blocked.
    package var hint: (loss: Double, dz: Double, dl: Double)
    /// The distillation term in addition to the hint, in the same form; 0 in arms without one.
    package var distillation: (loss: Double, dz: Double, dl: Double) = (0, 0, 0)
}

/// What goes backwards from the logits: the derivatives of some terms of L.
package struct LogitGradient: Sendable {
    /// Factors of the terms that go through each logit.
    private let z, l: (own: Double, hint: Double, distillation: Double)

    /// - Parameter hintScale: factor on λ.
    package init(_ rocket: RocketSpecification, _ terms: LossTerms, hintScale: Double) {
        func factors(_ own: LossTerms, _ hint: LossTerms) -> (Double, Double, Double) {
            let scale = terms.contains(hint) ? hintScale : 0
            return (terms.contains(own) ? 1 : 0, rocket.hintWeight * scale, rocket.distillationWeight * scale)
        }
        (z, l) = (factors(.light, .hintThroughLight), factors(.booster, .hintThroughBooster))
    }

    /// ∂L/∂z.
    package func dz(_ row: RowLoss) -> Double {
        z.own * row.light.dz + z.hint * row.hint.dz + z.distillation * row.distillation.dz
    }

    /// ∂L/∂l with the first light net.
    package func dl(_ row: RowLoss) -> Double {
        l.own * row.booster.dl + l.hint * row.hint.dl + l.distillation * row.distillation.dl
    }
    /// What each further light net adds to ∂L/∂l.
    package func hintDl(_ row: RowLoss) -> Double { l.hint * row.hint.dl + l.distillation * row.distillation.dl }
}

extension RocketSpecification {
    /// All terms of one row. A blocked derivative does not exist here, so no parameter of the booster can see it.
    package func loss(z: Double, l: Double, label y: Double) -> RowLoss {
        let (light, booster) = (crossEntropy(logit: z, label: y), crossEntropy(logit: l, label: y))
        var row = RowLoss(
            light: (light.loss, light.dx), booster: (booster.loss, booster.dx),
            hint: hintLoss.value(z: z, l: l, temperature: temperature))
        if distillationWeight > 0 {
            row.distillation = HintLoss.distillation.value(z: z, l: l, temperature: temperature)
        }
        if !gradientBlock.table.booster.contains(.hintThroughBooster) {
            row.hint.dl = 0
            row.distillation.dl = 0
        }
        return row
    }

    /// Factor on λ where a share of the run is over, 0…1: rises linearly over the warm-up.
    package func hintScale(progress: Double) -> Double {
        hintWarmUp > 0 ? min(1, progress / hintWarmUp) : 1
    }
}

/// H(y, σ(x)) and its derivative by x; never overflows.
package func crossEntropy(logit x: Double, label y: Double) -> (loss: Double, dx: Double) {
    (max(x, 0) - x * y + log1p(exp(-abs(x))), sigmoid(x) - y)
}

func sigmoid(_ x: Double) -> Double { x >= 0 ? 1 / (1 + exp(-x)) : exp(x) / (1 + exp(x)) }

// MARK: Hint losses (table 3)

/// What the hint compares.
public enum HintLoss: String, Codable, CaseIterable, Sendable {
    /// mean (l − z)², the paper's choice.
    case logitMSE = "logit_mse"
    /// mean (q − p)²; its gradient vanishes where p → 0.
    case probabilityMSE = "probability_mse"
    /// Cross-entropy of the outputs softened by a temperature T, as in Hinton et al. 2015 (arXiv 1503.02531).
    case distillation

    /// The hint of one row and its derivatives, without any block.
    package func value(z: Double, l: Double, temperature t: Double) -> (loss: Double, dz: Double, dl: Double) {
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

// MARK: Gradient block

/// Which parameters the hint may not move.
public enum GradientBlock: String, Codable, CaseIterable, Sendable {
    /// The paper: in the hint term the booster's logit is a constant.
    case logits
    /// No block: the hint also pulls the booster towards the light net.
    case none
    /// As `logits`, and the light net does not train the shared part: the booster then is exactly what it is alone.
    case logitsAndSharedInput = "logits_and_shared_input"

    /// Who trains what. The loss reads the booster's terms here, the training step those of what is shared.
    package var table: GradientTable {
        switch self {
        case .logits:
            GradientTable(booster: .booster, shared: [.booster, .throughLight], light: .throughLight)
        case .none:
            GradientTable(booster: [.booster, .hintThroughBooster], shared: .all, light: .throughLight)
        case .logitsAndSharedInput:
            GradientTable(booster: .booster, shared: .booster, light: .throughLight)
        }
    }
}

/// The terms that train each part of the parameters.
package struct GradientTable: Equatable, Sendable {
    /// The terms whose gradients reach W_B, W_S, W_L.
    package let booster, shared, light: LossTerms
}

// MARK: Sharing, and the settings of all this

/// What the nets have in common. Statistics of batch-norm are never shared.
public enum Sharing: String, Codable, CaseIterable, Sendable {
    case nothing
    /// The embeddings of the light nets, one table for all of them; the booster has its own.
    case lights
    /// The embeddings, as in the paper, and with `RocketSpecification.sharedLayers` the first hidden layers.
    case embeddings
}

/// How the booster teaches the light net.
public struct RocketSpecification: Codable, Equatable, Sendable {
    public var hintLoss: HintLoss
    /// λ: the weight of the hint term, which is a mean over the batch.
    public var hintWeight: Double
    /// Share of the run over which λ rises from 0: before it knows something, the booster has nothing to teach.
    public var hintWarmUp: Double
    /// T of the `distillation` hint; unused by the others.
    public var temperature: Double
    /// Weight of the distillation term in addition to the hint; 0 except in the arm `rocket_and_distillation`.
    package fileprivate(set) var distillationWeight = 0.0
    public var gradientBlock: GradientBlock
    /// Which booster the hint comes from; nil: `joint`.
    public var teacher: Teacher?
    public var sharing: Sharing
    /// Number of hidden layers, from the first, that are shared with the embeddings; the nets agree in them.
    public var sharedLayers: Int

    private enum CodingKeys: CodingKey {
        case hintLoss, hintWeight, hintWarmUp, temperature, gradientBlock, sharing, sharedLayers, teacher
    }

    /// The defaults helped most on the page DoesTheHintHelp; the paper's are `logitMSE`, `embeddings`, `logits`.
    public init(
        hintLoss: HintLoss = .distillation, hintWeight: Double = 3, hintWarmUp: Double = 0, temperature: Double = 1,
        gradientBlock: GradientBlock = .logitsAndSharedInput, sharing: Sharing = .nothing, sharedLayers: Int = 0,
        teacher: Teacher? = nil
    ) {
        (self.hintLoss, self.hintWeight, self.hintWarmUp) = (hintLoss, hintWeight, hintWarmUp)
        (self.temperature, self.gradientBlock, self.teacher) = (temperature, gradientBlock, teacher)
        (self.sharing, self.sharedLayers) = (sharing, sharedLayers)
    }
}

/// Which booster teaches the light net of the arm `rocket`.
public enum Teacher: String, Codable, CaseIterable, Sendable {
    /// The paper: the booster of the moment, which is trained together with the light net.
    case joint
    /// The booster is trained first, to its own end, and then stays fixed.
    case finished
}

// MARK: Arms (tables 2 to 5)

/// One way to train, of those the paper compares; each runs on the same cache.
public enum Arm: String, Codable, CaseIterable, Sendable {
    /// Light and booster with the hint: together from the first step, or with a `finished` teacher one after the other.
    case rocket
    /// The light net alone.
    case light
    /// The booster net alone.
    case booster
    /// The light net alone, taught by the soft outputs of a booster that was trained before and stays fixed (Hinton).
    case distillation
    /// As `rocket`, but the hint also pulls the booster, and the light net trains what is shared.
    case rocketWithoutBlock = "rocket_without_block"
    /// As `rocket`, each net with its own embeddings.
    case rocketWithoutSharing = "rocket_without_sharing"
    /// The hint comes from a booster that was trained before and stays fixed.
    case rocketWithoutJointTraining = "rocket_without_joint_training"
    /// As `rocket`, with the booster's soft outputs as a second hint; the hint `distillation` then counts twice.
    case rocketAndDistillation = "rocket_and_distillation"

    /// Whether the arm needs a booster that was trained before.
    public var needsTeacher: Bool { self == .distillation || self == .rocketWithoutJointTraining }
    /// Whether the arm compares the nets' outputs.
    public var hasHint: Bool { self != .light && self != .booster }

    /// The nets that the arm trains, light nets first.
    public func nets(_ lights: [Net] = [.servedLight]) -> [Net] {
        if self == .booster { return [.booster] }
        return self == .light || needsTeacher ? lights : lights + [.booster]
    }

    /// What nets of the arm have in common, given what the settings share.
    package func sharing(_ sharing: Sharing, among nets: [Net]) -> Sharing {
        let sharing = sharing == .embeddings && !nets.contains(.booster) ? .nothing : sharing
        return (sharing == .lights ? nets.filter(\.isLight) : nets).count > 1 ? sharing : .nothing
    }

    /// The settings that make the arm what it is.
    package func settings(_ base: RocketSpecification) -> RocketSpecification {
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

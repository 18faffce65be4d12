/// The shapes of the nets over the embedded input. Each ends in one linear unit: the logit of the click
/// probability.
public struct NetSpecification: Codable, Equatable, Sendable {
    /// Numbers a feature id is embedded in, where its field says nothing else.
    public var embeddingDim: Int
    /// The light net, the one that is served; of several the one that leads.
    public var light: DenseSpecification
    /// The booster net, the one that teaches.
    public var booster: DenseSpecification
    /// Bytes that the embeddings of a training may take with all that belongs to them; nil: `usualEmbeddingMemory`.
    /// Where they do not suffice the rarest ids share a row.
    public var embeddingMemory: Int?
    /// Several light nets; nil: one, called `light`.
    public package(set) var fleet: Fleet?

    public static let usualEmbeddingMemory = 1_000_000_000

    public init(
        embeddingDim: Int, light: DenseSpecification, booster: DenseSpecification, embeddingMemory: Int? = nil
    ) {
        self.embeddingDim = embeddingDim
        self.light = light
        self.booster = booster
        self.embeddingMemory = embeddingMemory
    }

    /// Whether all nets are the same, whatever memory their embeddings may take and whichever light net leads.
    public func hasSameNets(as other: NetSpecification) -> Bool {
        embeddingDim == other.embeddingDim && lights == other.lights && booster == other.booster
    }
}

/// What one net is made of.
public struct DenseSpecification: Equatable, Sendable, ExpressibleByArrayLiteral {
    /// Widths of the hidden layers; the logit's layer is not listed.
    public var hidden: [Int]
    /// The activation of the hidden layers.
    public var activation: Activation
    /// Whether hidden layers normalise their linear outputs before the activation (Ioffe & Szegedy, arXiv 1502.03167).
    public var batchNorm: Bool
    /// Share of the hidden units that a training step leaves out.
    public var dropout: Double
    /// Cross layers below the hidden ones (DCN-v2, Wang et al., arXiv 2008.13535).
    public var crossLayers: Int
    /// Whether each id adds its own weight to the logit ("wide" part, Cheng et al., arXiv 1606.07792).
    public var linear: Bool

    public init(
        _ hidden: [Int], activation: Activation = .relu, batchNorm: Bool = false, dropout: Double = 0,
        crossLayers: Int = 0, linear: Bool = false
    ) {
        self.hidden = hidden
        self.activation = activation
        self.batchNorm = batchNorm
        self.dropout = dropout
        self.crossLayers = crossLayers
        self.linear = linear
    }

    public init(arrayLiteral widths: Int...) { self.init(widths) }
}

/// What a hidden layer does to its linear outputs.
public enum Activation: String, Codable, CaseIterable, Sendable {
    /// max(u, 0)
    case relu
    /// u above 0, α · u below, one α a unit (He et al., arXiv 1502.01852).
    case prelu
    /// p · u + (1 − p) · α · u with p = σ of the standardised u (Zhou et al., arXiv 1706.06978).
    case dice
}

/// A list of widths where nothing else is said, as in a job file.
extension DenseSpecification: Codable {
    private struct Whole: Codable {
        var hidden: [Int]
        var activation: Activation
        var batchNorm: Bool
        var dropout: Double
        var crossLayers: Int
        var linear: Bool
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let widths = try? container.decode([Int].self) {
            self.init(widths)
            return
        }
        let whole = try container.decode(Whole.self)
        self.init(
            whole.hidden, activation: whole.activation, batchNorm: whole.batchNorm, dropout: whole.dropout,
            crossLayers: whole.crossLayers, linear: whole.linear)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if self == DenseSpecification(hidden) {
            try container.encode(hidden)
        } else {
            try container.encode(
                Whole(
                    hidden: hidden, activation: activation, batchNorm: batchNorm, dropout: dropout,
                    crossLayers: crossLayers, linear: linear))
        }
    }
}

extension DenseSpecification: CustomStringConvertible {
    /// `400-200-100`, and what differs from a plain stack of ReLU layers.
    public var description: String {
        var text = hidden.map(String.init).joined(separator: "-")
        if activation != .relu { text += " \(activation.rawValue)" }
        if batchNorm { text += " batch-norm" }
        if dropout > 0 { text += " dropout \(dropout)" }
        if crossLayers > 0 { text += " cross \(crossLayers)" }
        if linear { text += " linear" }
        return text
    }
}

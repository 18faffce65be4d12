/// One of several light nets that one booster teaches.
public struct LightNet: Codable, Equatable, Sendable {
    /// Its name in files, tables and reports: lower-case letters, digits and underscores.
    public var name: String
    public var net: DenseSpecification
    /// Numbers a feature id is embedded in; nil: as `NetSpecification` says.
    public var embeddingDim: Int?

    public init(_ name: String, _ net: DenseSpecification, embeddingDim: Int? = nil) {
        self.name = name
        self.net = net
        self.embeddingDim = embeddingDim
    }

    /// The name of a light net that has none of its own.
    public static let usualName = "light"

    /// What is wrong with a name; nil: nothing. It becomes part of tensors' and files' names, and of SQL texts.
    public static func objection(to name: String) -> String? {
        guard name.utf8.count <= 32, let first = name.utf8.first, (0x61...0x7A).contains(first),
            name.utf8.allSatisfy({ (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F })
        else { return "expected up to 32 lower-case letters, digits and underscores, a letter first" }
        guard !reserved.contains(name) else {
            return "the program itself uses this name; expected another, such as small or large"
        }
        if let prefix = reservedPrefixes.first(where: name.hasPrefix) {
            return "the program itself uses names that begin with \(prefix) in files of weights; expected another, "
                + "such as small or large"
        }
        if let suffix = reservedSuffixes.first(where: name.hasSuffix) {
            return "the program itself uses names that end with \(suffix) in files of weights; expected another, such "
                + "as small or large"
        }
        return nil
    }

    /// Names of other nets, and beginnings of tensors' names.
    private static let reserved: Set = [
        "booster", "logistic_regression", "live", "rocket", "embedding", "shared", "ids", "model", "features",
        "history", "optimiser",
    ]
    /// `best_small.…` is what a checkpoint calls the weights of the net `small` at its best point; `admission_…` counts
    /// ids, which a file of one light net leaves out.
    private static let reservedPrefixes = ["best_", "admission_"]
    /// `small_embedding.…` is a part of the net `small`, `small_embedding_squares.…` what an optimiser remembers of it.
    private static let reservedSuffixes = ["_embedding", "_linear", "_shared", "_squares", "_leads"]
}

/// Several light nets, and the one that leads.
public struct Fleet: Codable, Equatable, Sendable {
    /// At least one, in the job file's order.
    public var nets: [LightNet]
    /// The net whose held-out rows decide how long all are trained, and that is served unless latencies choose.
    public var lead: String

    public init(_ nets: [LightNet], lead: String) {
        self.nets = nets
        self.lead = lead
    }
}

extension DenseSpecification {
    /// Weights of the layers over an input of some width, without biases: multiplications per row.
    public func weightCount(input: Int) -> Int {
        DenseLayer.stack(input: input, self, end: .logit).reduce(0) { $0 + $1.weights.count }
    }
}

extension NetSpecification {
    /// Nets for several light nets; nil where the fleet has no net of its lead's name.
    public init?(
        embeddingDim: Int, fleet: Fleet, booster: DenseSpecification, embeddingMemory: Int? = nil
    ) {
        guard let lead = fleet.nets.first(where: { $0.name == fleet.lead }) else { return nil }
        self.init(
            embeddingDim: embeddingDim, light: lead.net, booster: booster, embeddingMemory: embeddingMemory)
        self.fleet = fleet
    }

    /// The same with one light net, called `light`: the one that leads.
    public var plain: NetSpecification { alone(lead) ?? self }

    /// The same with one of the light nets, called `light` then; nil where there is none of the name.
    public func alone(_ name: String) -> NetSpecification? {
        guard let light = lights.first(where: { $0.name == name }) else { return nil }
        var nets = self
        nets.light = light.net
        nets.fleet = light.embeddingDim.map {
            Fleet([LightNet(LightNet.usualName, light.net, embeddingDim: $0)], lead: LightNet.usualName)
        }
        return nets
    }

    /// The light nets in the job file's order.
    public var lights: [LightNet] { fleet?.nets ?? [LightNet(LightNet.usualName, light)] }

    /// The name of the light net that leads.
    public var lead: String { fleet?.lead ?? LightNet.usualName }

    /// The names of the light nets, the one that leads first.
    public var lightNames: [String] { [lead] + lights.map(\.name).filter { $0 != lead } }

    /// The layers of a net; nil where there is none of the name.
    public func dense(of name: String) -> DenseSpecification? {
        name == "booster" ? booster : lights.first { $0.name == name }?.net
    }

    /// Numbers a feature id is embedded in for a net.
    public func embeddingDim(of name: String) -> Int {
        lights.first { $0.name == name }?.embeddingDim ?? embeddingDim
    }

    /// The same with the leading light net alone.
    public var leadAlone: NetSpecification {
        var nets = self
        if let fleet { nets.fleet?.nets = fleet.nets.filter { $0.name == fleet.lead } }
        return nets
    }
}

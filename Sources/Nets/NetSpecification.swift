/// The shapes of the two nets. Each is a stack of dense ReLU layers over the embedded input, ended by one linear unit:
/// the logit of the click probability.
public struct NetSpecification: Codable, Equatable, Sendable {
    /// Numbers a feature id is embedded in.
    public var embeddingDim: Int
    /// Hidden widths of the light net, the one that is served; the logit layer is not listed.
    public var light: [Int]
    /// Hidden widths of the booster net, the one that teaches.
    public var booster: [Int]

    public init(embeddingDim: Int, light: [Int], booster: [Int]) {
        self.embeddingDim = embeddingDim
        self.light = light
        self.booster = booster
    }
}

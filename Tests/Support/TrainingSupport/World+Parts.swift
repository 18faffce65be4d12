import Nets
import RocketLaunching

/// Worlds whose nets have more than plain layers.
extension World {
    /// As `layout`, with a field of its own dimension and one whose ids are averaged.
    package static let unequalLayout: InputLayout = {
        var layout = World.layout
        layout.fields[1].dim = 3
        layout.fields[2].pooling = .mean
        return layout
    }()

    /// Two fields with one table, the second one multi-valued.
    package static let sharedTableLayout: InputLayout = {
        var layout = World.layout
        layout.fields[2].rows = layout.fields[1].rows
        layout.fields[2].pooling = .mean
        layout.fields[2].table = layout.fields[1].name
        return layout
    }()

    /// What scores as it trains, so that finite differences can go through the scorer.
    package static let partNets = NetSpecification(
        embeddingDim: 4, light: DenseSpecification([5, 4], activation: .prelu),
        booster: DenseSpecification([5, 6], activation: .prelu, crossLayers: 1, linear: true))
    /// The first layer is the same in both.
    package static let sharedNets = NetSpecification(
        embeddingDim: 4, light: DenseSpecification([5, 4], activation: .prelu, linear: true),
        booster: DenseSpecification([5, 6, 3], activation: .prelu, linear: true))
    /// What scores otherwise than it trains.
    package static let noisyNets = NetSpecification(
        embeddingDim: 4, light: DenseSpecification([6], activation: .dice, batchNorm: true, linear: true),
        booster: DenseSpecification([8, 6], batchNorm: true, dropout: 0.2, crossLayers: 2, linear: true))

    /// Three light nets.
    package static let fleetNets =
        NetSpecification(
            embeddingDim: 4,
            fleet: Fleet(
                [
                    LightNet("small", [4]),
                    LightNet("medium", DenseSpecification([6, 5], batchNorm: true, linear: true)),
                    LightNet("large", DenseSpecification([12, 6], dropout: 0.2, crossLayers: 1)),
                ], lead: "medium"), booster: noisyNets.booster) ?? nets

    package static let shares = RocketSpecification(
        hintLoss: .logitMSE, hintWeight: 0.7, gradientBlock: .logits, sharing: .embeddings, sharedLayers: 1)
}

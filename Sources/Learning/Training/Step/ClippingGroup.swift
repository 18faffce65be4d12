import RocketLaunching

/// Parameters whose gradients are clipped together: one norm over all would let the hint disturb the booster, whose
/// steps it would shorten, and the light nets each other.
enum ClippingGroup: Hashable {
    case layers(Net)
    case tables(Net)
    case tablesOfLightNets
    /// Embeddings and layers that all nets share.
    case shared
}

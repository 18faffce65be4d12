import Nets
import RocketLaunching
import Training

/// How the fields of a test's batches go through the first layers. Left to its cost, none of these small ones would go
/// by ids.
package enum FieldWays: String, CaseIterable, Sendable {
    case byRows, byIDs
    /// Fields of few ids by ids, the others by rows.
    case both

    /// With and without a limit to the gradients' length.
    package static let clipped: [(clip: Double?, ways: FieldWays)] = [
        (nil, .byRows), (0.05, .byRows), (nil, .both), (0.05, .byIDs),
    ]
    /// With each gradient block.
    package static let blocked: [(block: GradientBlock, ways: FieldWays)] =
        GradientBlock.allCases.map { ($0, .byRows) } + zip(GradientBlock.allCases, [.byIDs, .both, .byIDs])

    fileprivate var cost: FirstLayerCost {
        switch self {
        case .byRows: FirstLayerCost(narrow: 1e9, addition: 0, call: 0)
        case .byIDs: FirstLayerCost(narrow: 0, addition: 0, call: 0)
        case .both: FirstLayerCost(narrow: 2, addition: 0, call: 0)
        }
    }
}

extension CoTrainer {
    /// Chooses by other costs than this machine's.
    package func choose(_ ways: FieldWays) {
        for layer in step.inputs.tables.flatMap(\.gradients.firstLayers) { layer.cost = ways.cost }
    }
}

import Nets
import RocketLaunching

/// The known ids of trainings, counted once for all arms and seeds that train on the same rows.
///
/// Keeps the last two: a night trains on its rows without the latest ones while it searches, and then on all of them.
final class CountedIDs {
    /// Everything that the ids depend on.
    private struct Key: Equatable {
        let layout: InputLayout
        let files: [TrainingOrder.File]
        let heldOut: HeldOut
        let memory: EmbeddingMemory
    }

    private var kept: [(key: Key, ids: KnownIDs)] = []

    /// The ids of an order's rows.
    ///
    /// - Parameter count: counts them, where that has not been done.
    func ids(for order: TrainingOrder, _ count: (EmbeddingMemory) throws -> KnownIDs) throws -> KnownIDs {
        let memory = EmbeddingMemory(order.nets, sharing: order.rocket.sharing)
        // What a parent knows belongs to the ids, too.
        guard !order.hasParent else { return try count(memory) }
        let key = Key(layout: order.layout, files: order.files, heldOut: HeldOut(order.training), memory: memory)
        if let there = kept.first(where: { $0.key == key }) { return there.ids }
        let ids = try count(memory)
        kept = kept.suffix(1) + [(key, ids)]
        return ids
    }
}

import Nets
import Training

/// The known ids of trainings, counted once for all arms and seeds that train on the same rows.
///
/// Keeps the last two: a night trains on its rows without the latest ones while it searches, and then on all of them.
package final class CountedIDs {
    /// Everything that the ids depend on.
    package struct Key: Equatable {
        let layout: InputLayout
        /// Checksums of the cache files, in reading order.
        let files: [String]
        let heldOut: HeldOut
        let memory: EmbeddingMemory

        package init(layout: InputLayout, files: [String], heldOut: HeldOut, memory: EmbeddingMemory) {
            (self.layout, self.files, self.heldOut, self.memory) = (layout, files, heldOut, memory)
        }
    }

    private var kept: [(key: Key, ids: KnownIDs)] = []

    package init() {}

    /// The ids of the rows that a key names.
    ///
    /// - Parameter count: counts them where that has not been done.
    package func ids(of key: Key, count: () throws -> KnownIDs) throws -> KnownIDs {
        if let there = kept.first(where: { $0.key == key }) { return there.ids }
        // Let go of before others are counted: on large logs each takes gigabytes.
        kept = kept.suffix(1)
        let ids = try count()
        kept.append((key, ids))
        return ids
    }
}

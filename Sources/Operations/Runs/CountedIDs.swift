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
        let leftOut, heldOut: HeldOut
        let memory: EmbeddingMemory

        /// - Parameters:
        ///   - leftOut: the latest rows of the files, which the training does not see.
        ///   - heldOut: of the others, those that judge it.
        package init(
            layout: InputLayout, files: [String], leftOut: HeldOut, heldOut: HeldOut, memory: EmbeddingMemory
        ) {
            (self.layout, self.files, self.memory) = (layout, files, memory)
            (self.leftOut, self.heldOut) = (leftOut, heldOut)
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

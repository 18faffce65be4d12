import Foundation

/// Reads batches on a separate thread, a few ahead of the training.
struct Prefetch {
    let peers: any Peers
    let profile: StepProfile

    private static let batchesAhead = 4

    /// Trains on batches in the order in which they are read, until `training` is false.
    ///
    /// - Parameter reading: calls what it is given with each batch, until that is false.
    /// - Throws: what ended the reading, after the batches before it.
    func run(
        reading: @escaping @Sendable ((InputRows) -> Bool) throws -> Void, training: (InputRows) throws -> Bool
    ) throws {
        let queue = BatchQueue(capacity: Self.batchesAhead)
        Thread.detachNewThread {
            do {
                try reading { queue.put($0) }
                queue.complete(nil)
            } catch {
                queue.complete(error)
            }
        }
        defer { queue.abandon() }
        try peers.forEach(of: queue, profile, training)
    }
}

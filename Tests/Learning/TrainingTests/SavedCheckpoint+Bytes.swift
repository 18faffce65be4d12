import Training

extension SavedCheckpoint {
    /// As a single process keeps it.
    init(_ bytes: [UInt8]) {
        self.init(parts: 1) { _ in bytes }
    }
}

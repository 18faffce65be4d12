/// The limit of memory for rows, and the folder for those beyond it.
public struct ScratchSpace: Sendable {
    /// The folder, created when first needed. Its files have no names, so nothing is left when the process ends,
    /// however it ends.
    public var folder: String
    /// The memory that one sort may use; a column uses a sixteenth of it before it goes to disk.
    public var memoryBytes: Int

    /// - Parameter memoryBytes: 256 MiB by default; judging a day of 100 million rows then took 380 MB in all.
    public init(folder: String, memoryBytes: Int = 256 << 20) {
        self.folder = folder
        self.memoryBytes = memoryBytes
    }

    /// Memory only, for rows that are in arrays anyway.
    static let memory = ScratchSpace(folder: "", memoryBytes: .max)

    /// Returns the number of elements that fit into a share of the memory; at least one.
    func capacity<Element>(of _: Element.Type, share: Int) -> Int {
        max(1, memoryBytes / share / MemoryLayout<Element>.stride)
    }
}

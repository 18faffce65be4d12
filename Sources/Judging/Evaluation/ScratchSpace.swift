/// Where rows wait that are too many for memory, and how many are too many.
public struct ScratchSpace: Sendable {
    /// Made when it is first needed. Its files have no names, so nothing stays when the process ends, however it does.
    public var folder: String
    /// What one sort may hold in memory; a column holds a sixteenth of it before it goes to disk.
    public var memoryBytes: Int

    /// - Parameter memoryBytes: 256 MiB unless told; a day of 100 million rows then needs some 0.6 GiB in all.
    public init(folder: String, memoryBytes: Int = 256 << 20) {
        self.folder = folder
        self.memoryBytes = memoryBytes
    }

    /// Memory only, for rows that are held in arrays anyway.
    static let memory = ScratchSpace(folder: "", memoryBytes: .max)

    /// How many elements fit into a share of the memory; at least one.
    func capacity<Element>(of _: Element.Type, share: Int) -> Int {
        max(1, memoryBytes / share / MemoryLayout<Element>.stride)
    }
}

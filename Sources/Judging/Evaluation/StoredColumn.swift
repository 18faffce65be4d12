import Files

/// One value per row, read in runs: an array for few rows, an unnamed temporary file for many.
public struct StoredColumn<Element: BitwiseCopyable & Sendable>: Sendable {
    public let count: Int
    private let memory: [Element]
    private let file: ScratchFile?

    /// A column in memory.
    public init(_ elements: [Element] = []) {
        count = elements.count
        memory = elements
        file = nil
    }

    fileprivate init(count: Int, file: ScratchFile) {
        self.count = count
        self.file = file
        memory = []
    }

    public var isEmpty: Bool { count == 0 }

    /// All rows in order, cut into runs of a size worth a read.
    public var chunks: some Sequence<Range<Int>> {
        let (count, length) = (count, 65_536)
        return stride(from: 0, to: count, by: length).lazy.map { $0..<min($0 + length, count) }
    }

    /// Returns the values of some rows, which must be in the column. Several threads may call it at once.
    public func elements(_ rows: Range<Int>) throws(EvaluationError) -> [Element] {
        guard let file else { return Array(memory[rows]) }
        return try file.read(rows)
    }
}

/// A writer of a column's values in row order.
public final class ColumnWriter<Element: BitwiseCopyable & Sendable> {
    private let space: ScratchSpace
    private let capacity: Int
    private var pending: [Element] = []
    private var file: ScratchFile?
    private var written = 0

    public init(_ space: ScratchSpace) {
        self.space = space
        capacity = space.capacity(of: Element.self, share: 16)
    }

    /// - Throws: `EvaluationError.scratch`.
    public func append(_ elements: some Sequence<Element>) throws(EvaluationError) {
        pending += elements
        if pending.count >= capacity { try flush() }
    }

    func append(_ element: Element) throws(EvaluationError) {
        pending.append(element)
        if pending.count >= capacity { try flush() }
    }

    /// Returns the column; the writer is empty afterwards.
    public func finish() throws(EvaluationError) -> StoredColumn<Element> {
        defer { (pending, file, written) = ([], nil, 0) }
        guard file != nil else { return StoredColumn(pending) }
        let file = try flush()
        return StoredColumn(count: written, file: file)
    }

    @discardableResult
    private func flush() throws(EvaluationError) -> ScratchFile {
        let file = if let file { file } else { try ScratchFile.make(in: space.folder) }
        self.file = file
        try file.write(pending, at: written)
        written += pending.count
        pending.removeAll(keepingCapacity: true)
        return file
    }
}

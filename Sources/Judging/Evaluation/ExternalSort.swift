import Files

/// A sort of any number of fixed-size records in bounded memory: sorted runs go to an unnamed temporary file when they
/// fill the memory, and are merged as a stream (Knuth, TAOCP volume 3, 5.4). A small number of records never touches
/// the disk.
struct ExternalSort<Record: BitwiseCopyable & Comparable & Sendable>: ~Copyable {
    private let space: ScratchSpace
    private let capacity: Int
    private var pending: [Record] = []
    private var file: ScratchFile?
    /// The position of each sorted run in the file.
    private var runs: [Range<Int>] = []

    init(_ space: ScratchSpace) {
        self.space = space
        // The standard library's sort needs half as much memory again.
        capacity = space.capacity(of: Record.self, share: 2)
    }

    mutating func add(_ record: Record) throws(EvaluationError) {
        if pending.count >= capacity { try spill() }
        pending.append(record)
    }

    /// Passes all records in ascending order. O(n log n), plus one write and one read of what does not fit.
    consuming func forEachRecord(_ body: (Record) throws(EvaluationError) -> Void) throws(EvaluationError) {
        if !runs.isEmpty { try spill() }
        guard let file else {
            pending.sort()
            for record in pending { try body(record) }
            return
        }
        pending = []
        let length = space.capacity(of: Record.self, share: 2 * runs.count)
        var merge = try RunMerge<Record>(runs.map { SortedRun(file: file, rest: $0, length: length) })
        while let record = try merge.next() { try body(record) }
    }

    private mutating func spill() throws(EvaluationError) {
        let file = if let file { file } else { try ScratchFile.make(in: space.folder) }
        self.file = file
        pending.sort()
        let start = runs.last?.upperBound ?? 0
        try file.write(pending, at: start)
        runs.append(start..<start + pending.count)
        pending.removeAll(keepingCapacity: true)
    }
}

/// A sorted run in a file, read a few records at a time.
private struct SortedRun<Record: BitwiseCopyable & Comparable & Sendable> {
    let file: ScratchFile
    /// The records not read yet.
    var rest: Range<Int>
    /// Number of records to read at a time.
    let length: Int
    private var buffer: [Record] = []
    private var position = 0

    init(file: ScratchFile, rest: Range<Int>, length: Int) {
        self.file = file
        self.rest = rest
        self.length = length
    }

    mutating func next() throws(EvaluationError) -> Record? {
        if position == buffer.count {
            guard !rest.isEmpty else { return nil }
            let end = min(rest.lowerBound + length, rest.upperBound)
            buffer = try file.read(rest.lowerBound..<end)
            (rest, position) = (end..<rest.upperBound, 0)
        }
        defer { position += 1 }
        return buffer[position]
    }
}

/// A merge of sorted runs: a binary heap of each run's next record.
private struct RunMerge<Record: BitwiseCopyable & Comparable & Sendable> {
    private var runs: [SortedRun<Record>]
    private var heap: [(record: Record, run: Int)] = []

    init(_ runs: [SortedRun<Record>]) throws(EvaluationError) {
        self.runs = runs
        for run in runs.indices {
            if let record = try self.runs[run].next() { heap.append((record, run)) }
        }
        // A sorted array is a heap.
        heap.sort { $0.record < $1.record }
    }

    mutating func next() throws(EvaluationError) -> Record? {
        guard let least = heap.first else { return nil }
        if let record = try runs[least.run].next() {
            heap[0].record = record
        } else {
            let last = heap.removeLast()
            if !heap.isEmpty { heap[0] = last }
        }
        sink()
        return least.record
    }

    /// Moves the first entry down until neither of its two children is less.
    private mutating func sink() {
        var parent = 0
        while true {
            var child = 2 * parent + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, heap[child + 1].record < heap[child].record { child += 1 }
            guard heap[child].record < heap[parent].record else { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}

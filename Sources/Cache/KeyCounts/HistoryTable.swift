import Files

/// The counts of all keys over some windows of days, for looking up a key. It is in an unnamed temporary file that is
/// mapped, so that it takes none of the process's own memory.
public final class HistoryTable: @unchecked Sendable {
    /// The keys' rates over each window.
    public let rates: [RateMoments]
    /// Keys in the table.
    public let count: Int
    private let windows: Int
    /// Records in the order of their hashes: hash, and for each window impressions and clicks as 32-bit floats.
    private let records: MappedFile
    /// The first record of each range of hashes, as 32-bit numbers, and the number of records.
    private let starts: MappedFile
    private let shift: UInt64

    /// Adds up days of counts. O(counts).
    ///
    /// - Parameters:
    ///   - days: Counts, each with its weight in every window.
    ///   - folder: For temporary files.
    /// - Throws: `FileError`.
    public init(_ days: [(counts: SortedCounts, weights: [Double])], windows: Int, folder: String) throws(FileError) {
        self.windows = windows
        var moments = [RateMoments.Sums](repeating: RateMoments.Sums(), count: windows)
        let file = try ScratchFile(in: folder)
        var writer = ScratchWriter(file)
        var count = 0
        let merge = CountsMerge(days.map(\.counts), weights: days.map(\.weights))
        try merge.visit { (hash, sums) throws(FileError) in
            count += 1
            try writer.append(hash)
            for window in 0..<windows {
                moments[window].add(impressions: sums[2 * window], clicks: sums[2 * window + 1])
                try writer.append(Float(sums[2 * window]))
                try writer.append(Float(sums[2 * window + 1]))
            }
        }
        try writer.flush()
        records = try file.mapped(count: writer.written)
        rates = moments.map(RateMoments.init)
        self.count = count
        (starts, shift) = try Self.index(records, count: count, stride: 8 + 8 * windows, folder: folder)
    }

    private static func index(
        _ records: MappedFile, count: Int, stride: Int, folder: String
    ) throws(FileError) -> (MappedFile, UInt64) {
        let bits = max(1, Int.bitWidth - (count / recordsInRange).leadingZeroBitCount)
        let shift = UInt64(64 - bits)
        let file = try ScratchFile(in: folder)
        var writer = ScratchWriter(file)
        var record = 0
        for range in 0..<(1 << bits) {
            try writer.append(UInt32(truncatingIfNeeded: record))
            while record < count,
                records.bytes.loadUnaligned(fromByteOffset: record * stride, as: UInt64.self) >> shift == UInt64(range)
            { record += 1 }
        }
        try writer.append(UInt32(truncatingIfNeeded: record))
        try writer.flush()
        return (try file.mapped(count: writer.written), shift)
    }

    private static let recordsInRange = 4

    /// Returns the impressions and clicks of a key in each window, one after another; nil if no window has it. O(1),
    /// two places in memory.
    @inline(__always)
    public func find(_ hash: UInt64) -> UnsafePointer<Float>? {
        let range = Int(truncatingIfNeeded: hash &>> shift)
        let first = Int(starts.bytes.load(fromByteOffset: 4 &* range, as: UInt32.self))
        let end = Int(starts.bytes.load(fromByteOffset: 4 &* range &+ 4, as: UInt32.self))
        let stride = 8 &+ 8 &* windows
        for record in first..<end {
            let place = record &* stride
            guard records.bytes.load(fromByteOffset: place, as: UInt64.self) == hash else { continue }
            return (records.bytes.baseAddress.map { $0 + place + 8 })?.assumingMemoryBound(to: Float.self)
        }
        return nil
    }

    /// Passes all keys in the order of their hashes.
    public func visit(_ body: (UInt64, UnsafePointer<Float>) throws -> Void) rethrows {
        guard let start = records.bytes.baseAddress else { return }
        for record in 0..<count {
            let place = start + record * (8 + 8 * windows)
            try body(place.load(as: UInt64.self), (place + 8).assumingMemoryBound(to: Float.self))
        }
    }
}

/// Appends to a scratch file, a megabyte at a time.
private struct ScratchWriter: ~Copyable {
    private let file: ScratchFile
    private let pending = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 8)
    private var pendingBytes = 0
    private(set) var written = 0

    init(_ file: ScratchFile) { self.file = file }

    deinit { pending.deallocate() }

    @inline(__always)
    mutating func append<Value: BitwiseCopyable>(_ value: Value) throws(FileError) {
        if pendingBytes &+ MemoryLayout<Value>.size > pending.count { try flush() }
        pending.storeBytes(of: value, toByteOffset: pendingBytes, as: Value.self)
        pendingBytes &+= MemoryLayout<Value>.size
    }

    mutating func flush() throws(FileError) {
        try file.write(UnsafeRawBufferPointer(rebasing: pending[..<pendingBytes]), at: written)
        written += pendingBytes
        pendingBytes = 0
    }
}

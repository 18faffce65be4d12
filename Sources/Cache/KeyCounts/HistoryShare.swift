import Files

/// The part of a history's table that holds one share of the hashes.
final class HistoryShare: @unchecked Sendable {
    /// Sums over its keys, by window.
    let moments: [RateMoments.Sums]
    /// Keys in it.
    let count: Int
    private let windows: Int
    /// Records in the order of their hashes: hash, and for each window impressions and clicks as 32-bit floats.
    private let records: MappedFile
    /// The first record of each range of hashes, as 32-bit numbers, and the number of records.
    private let starts: MappedFile
    private let ranges: Ranges

    /// Equal parts of the share, told apart by the bits that follow the share's own.
    private struct Ranges {
        let known: UInt64
        let shift: UInt64

        init(of share: CountsMerge.Share, records: Int) {
            known = UInt64(share.bits)
            shift = UInt64(64 - max(1, Int.bitWidth - (records / Self.recordsInRange).leadingZeroBitCount))
        }

        private static let recordsInRange = 4

        var count: Int { 1 << Int(64 - shift) }

        @inline(__always)
        func range(of hash: UInt64) -> Int { Int(truncatingIfNeeded: (hash &<< known) &>> shift) }
    }

    /// Adds up a share of the counts. O(counts).
    ///
    /// - Parameters:
    ///   - windows: The weightings that the merge has.
    ///   - folder: For temporary files.
    init(
        _ merge: CountsMerge, _ share: CountsMerge.Share, windows: Int, folder: String
    ) throws(FileError) {
        self.windows = windows
        var moments = [RateMoments.Sums](repeating: RateMoments.Sums(), count: windows)
        let file = try ScratchFile(in: folder)
        var writer = ScratchWriter(file)
        var count = 0
        try merge.visit(share) { (hash, sums) throws(FileError) in
            count += 1
            try writer.append(hash)
            for window in 0..<windows {
                moments[window].add(impressions: sums[2 * window], clicks: sums[2 * window + 1])
                try writer.append(Float(sums[2 * window]))
                try writer.append(Float(sums[2 * window + 1]))
            }
        }
        try writer.flush()
        self.moments = moments
        self.count = count
        records = try file.mapped(count: writer.written)
        ranges = Ranges(of: share, records: count)
        starts = try Self.index(records, count: count, stride: 8 + 8 * windows, ranges, folder: folder)
    }

    private static func index(
        _ records: MappedFile, count: Int, stride: Int, _ ranges: Ranges, folder: String
    ) throws(FileError) -> MappedFile {
        let file = try ScratchFile(in: folder)
        var writer = ScratchWriter(file)
        var record = 0
        for range in 0..<ranges.count {
            try writer.append(UInt32(truncatingIfNeeded: record))
            while record < count,
                ranges.range(of: records.bytes.loadUnaligned(fromByteOffset: record * stride, as: UInt64.self)) == range
            { record += 1 }
        }
        try writer.append(UInt32(truncatingIfNeeded: record))
        try writer.flush()
        return try file.mapped(count: writer.written)
    }

    /// Returns the impressions and clicks of a key in each window, one after another; nil if no window has it. O(1),
    /// two places in memory.
    @inline(__always)
    func find(_ hash: UInt64) -> UnsafePointer<Float>? {
        let range = ranges.range(of: hash)
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

    /// Passes its keys in the order of their hashes.
    func visit(_ body: (UInt64, UnsafePointer<Float>) throws -> Void) rethrows {
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

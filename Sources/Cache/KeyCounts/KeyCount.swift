import Files

/// What a day's log says of one key. Sixteen bytes; files hold them as they are in memory.
public struct KeyCount: Equatable, Sendable {
    /// Hash of the key's values, never 0.
    public var hash: UInt64
    public var impressions: UInt32
    public var clicks: UInt32

    public init(hash: UInt64, impressions: UInt32, clicks: UInt32) {
        self.hash = hash
        self.impressions = impressions
        self.clicks = clicks
    }

    static let bytes = 16
}

/// Counts of distinct keys in ascending order of their hashes: a day's file, or a sorted run of one that is being made.
public final class SortedCounts: @unchecked Sendable {
    public let counts: UnsafeBufferPointer<KeyCount>
    /// What keeps the counts there.
    private let memory: Memory

    private enum Memory {
        case mapped(MappedFile)
        case own(UnsafeMutableBufferPointer<KeyCount>)
    }

    /// Counts in a mapped file, from an offset that is a multiple of 16.
    init(_ file: MappedFile, at offset: Int = 0, count: Int) {
        let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[offset..<offset + count * KeyCount.bytes])
        counts = bytes.bindMemory(to: KeyCount.self)
        memory = .mapped(file)
    }

    public init(_ sorted: [KeyCount]) {
        let own = UnsafeMutableBufferPointer<KeyCount>.allocate(capacity: sorted.count)
        _ = own.initialize(from: sorted)
        counts = UnsafeBufferPointer(own)
        memory = .own(own)
    }

    /// Returns the position of the first count whose hash is at least the given one. O(log counts).
    func index(from hash: UInt64) -> Int {
        var (low, high) = (0, counts.count)
        while low < high {
            let middle = (low + high) / 2
            if counts[middle].hash < hash { low = middle + 1 } else { high = middle }
        }
        return low
    }

    deinit {
        if case .own(let counts) = memory { counts.deallocate() }
    }
}

import CXXHash
import Postgres

/// The clicks that can count for a range of impressions, found by impression id. Memory: about 70 bytes per clicked id
/// of 20 characters and 8 per click; the impressions stream past in time order.
///
/// An impression is labelled as it passes, before it is known whether another one with its id follows and takes the
/// click. If one did, `hasWrongLabels` is true after `account`, and the impressions must pass a second time with the
/// labels as they stood at the end of the first pass.
public struct ClickTable {
    private(set) var ids: [UInt8] = []
    private(set) var entries: [Entry] = []
    /// The clicks' times; those of an entry are adjacent and ascending.
    private(set) var times: [Int64] = []
    /// First entry of each chain, −1 if there is none; the count is a power of two.
    private var heads: [Int32]
    /// One bit per value of the hashes' lowest bits: small enough for the fastest cache, and enough to pass most
    /// impressions, which are not clicked.
    private var filter: [UInt64] = []
    let window: Int64
    let range: Range<Instant>
    var counted = ClickAccount()
    private(set) var strays: [Stray] = []
    private var labels: [Label] = []
    /// The final labels, set for the second pass.
    private var settled: Set<Label>?
    /// Whether an impression was labelled although its clicks belong to another one, or to two.
    public private(set) var hasWrongLabels = false

    /// A clicked id and its newest impression so far.
    struct Entry {
        var hash: UInt32
        var idLength: Int32
        var idOffset: Int
        /// Next entry in the same slot, −1 at the end.
        var next: Int32
        /// The clicks' positions in `times`; those before `first` are accounted for.
        var first: Int32
        var end: Int32 = 0
        /// How often the newest impression exists.
        var copies: Int32 = 0
        var isLabelled = false
        /// Time of the newest impression; `.min` if there was none.
        var shown = Int64.min
    }

    private struct Label: Hashable {
        var entry: Int32
        var time: Int64
    }

    /// A click whose impression the server must look for outside of the range.
    struct Stray {
        var entry: Int32
        var time: Int64
    }

    /// Reads the clicks.
    ///
    /// - Throws: `PostgresError`.
    public init(_ attribution: Attribution, in range: Range<Instant>, on connection: Connection) throws {
        window = attribution.windowMicroseconds
        self.range = range
        heads = [Int32](repeating: -1, count: 1_024)
        let form = attribution.clickIDForm
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
        defer { scratch.deallocate() }
        let slices = UnsafeMutableBufferPointer<BinaryRow.Slice>.allocate(capacity: 2)
        slices.initialize(repeating: BinaryRow.Slice())
        defer { slices.deallocate() }
        var read: [(entry: Int32, time: Int64)] = []
        try connection.copyOut("COPY (\(attribution.clicks(in: range))) TO STDOUT (FORMAT binary)") { row in
            let bytes = try row.locate(slices)
            let raw = slices[0].bytes(in: bytes)
            let id = raw.flatMap { form.text(of: $0, scratch: scratch) }
            guard id != nil || raw == nil, let time = slices[1].bytes(in: bytes)?.bigEndianInteger else {
                throw PostgresError.malformedCopy("a click without id or time")
            }
            let instant = Instant(postgresMicroseconds: time)
            let isOwn = instant < range.upperBound
            if isOwn { counted.read += 1 }
            guard let id, !id.isEmpty else {
                // The click names no impression.
                if isOwn { counted.orphans += 1 }
                return
            }
            read.append((entry(of: id), instant.microseconds))
        }
        sort(read)
        filter = [UInt64](repeating: 0, count: min(max(16, heads.count / 4), Self.largestFilter))
        for entry in entries {
            let bit = Int(entry.hash) & (64 * filter.count - 1)
            filter[bit >> 6] |= 1 << UInt64(bit & 63)
        }
    }

    /// Returns the entry of an id, created if missing.
    private mutating func entry(of id: UnsafeRawBufferPointer) -> Int32 {
        let hash = Self.half(ofHash: Self.hash(id))
        let known = find(id, hash)
        guard known < 0 else { return known }
        if entries.count >= heads.count / 2 { rehash() }
        let slot = Int(hash) & (heads.count - 1)
        entries.append(
            Entry(
                hash: hash, idLength: Int32(truncatingIfNeeded: id.count), idOffset: ids.count, next: heads[slot],
                first: 0))
        ids.append(contentsOf: id)
        heads[slot] = Int32(entries.count - 1)
        return heads[slot]
    }

    private mutating func rehash() {
        heads = [Int32](repeating: -1, count: 4 * heads.count)
        for index in entries.indices {
            let slot = Int(entries[index].hash) & (heads.count - 1)
            entries[index].next = heads[slot]
            heads[slot] = Int32(index)
        }
    }

    /// Groups the clicks' times by entry, in ascending order.
    private mutating func sort(_ read: [(entry: Int32, time: Int64)]) {
        for click in read { entries[Int(click.entry)].end += 1 }
        var start: Int32 = 0
        for index in entries.indices {
            let count = entries[index].end
            (entries[index].first, entries[index].end) = (start, start)
            start += count
        }
        times = [Int64](repeating: 0, count: read.count)
        for click in read {
            times[Int(entries[Int(click.entry)].end)] = click.time
            entries[Int(click.entry)].end += 1
        }
        for entry in entries where entry.end - entry.first > 1 {
            times[Int(entry.first)..<Int(entry.end)].sort()
        }
    }

    /// Returns whether an impression is clicked, as far as is known when it passes: the next click on it falls within
    /// the window after it. O(1), plus the clicks that it accounts for.
    ///
    /// - Parameters:
    ///   - id: The id's text form.
    ///   - hash: The id's hash, `ClickTable.hash(_:)`.
    @inline(__always)
    public mutating func takeClicks(of id: UnsafeRawBufferPointer, hash: UInt64, at time: Instant) -> Bool {
        let half = Self.half(ofHash: hash)
        let bit = Int(half) & (64 &* filter.count &- 1)
        guard filter[bit &>> 6] & (1 &<< UInt64(bit & 63)) != 0 else { return false }
        let entry = find(id, half)
        return entry >= 0 && pass(entry, at: time.microseconds)
    }

    /// Returns XXH64 (seed 0) of an id's text form.
    @inline(__always)
    public static func hash(_ id: UnsafeRawBufferPointer) -> UInt64 { XXH64(id.baseAddress, id.count, 0) }

    /// Returns the half of the hash that the cache's row key does not hold.
    @inline(__always)
    private static func half(ofHash hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    @inline(__always)
    private func find(_ id: UnsafeRawBufferPointer, _ hash: UInt32) -> Int32 {
        var index = heads[Int(hash) & (heads.count &- 1)]
        while index >= 0 {
            let entry = entries[Int(index)]
            if entry.hash == hash, matches(entry, id) { return index }
            index = entry.next
        }
        return -1
    }

    private func matches(_ entry: Entry, _ id: UnsafeRawBufferPointer) -> Bool {
        guard Int(entry.idLength) == id.count else { return false }
        for position in 0..<id.count where ids[entry.idOffset &+ position] != id[position] { return false }
        return true
    }

    private mutating func pass(_ index: Int32, at time: Int64) -> Bool {
        if let settled { return settled.contains(Label(entry: index, time: time)) }
        if entries[Int(index)].shown == time {
            entries[Int(index)].copies += 1
            return entries[Int(index)].isLabelled
        }
        close(index, before: time, overridden: .max)
        let next = Int(entries[Int(index)].first)
        let isLabelled = next < Int(entries[Int(index)].end) && times[next] - time < window
        entries[Int(index)].shown = time
        entries[Int(index)].copies = 1
        entries[Int(index)].isLabelled = isLabelled
        return isLabelled
    }

    /// Accounts for an entry's clicks before a time, which belong to its newest impression so far.
    ///
    /// - Parameter overridden: The time from which clicks belong to an impression after the range.
    mutating func close(_ index: Int32, before time: Int64, overridden: Int64) {
        var entry = entries[Int(index)]
        let end = range.upperBound.microseconds
        var isLabel = true
        while entry.first < entry.end, times[Int(entry.first)] < time {
            let click = times[Int(entry.first)]
            entry.first += 1
            let isOwn = click < end
            if entry.shown == .min {
                if isOwn { strays.append(Stray(entry: index, time: click)) }
            } else if click - entry.shown >= window {
                // The range holds no newer impression, and the click is before its end.
                if isOwn { counted.countLate(age: click - entry.shown) }
            } else if click < overridden {
                if !isOwn { counted.fromLater += 1 }
                if entry.copies > 1 {
                    counted.ambiguous += 1
                } else if isLabel {
                    counted.countFirst(age: click - entry.shown)
                    labels.append(Label(entry: index, time: entry.shown))
                    isLabel = false
                } else {
                    counted.duplicates += 1
                }
            }
        }
        // An impression that was labelled must have kept its label.
        if entry.isLabelled, isLabel { hasWrongLabels = true }
        entries[Int(index)] = entry
    }

    /// Prepares the table for the second pass of the impressions.
    public mutating func settle() {
        settled = Set(labels)
        hasWrongLabels = false
    }

    /// 32 KiB.
    private static let largestFilter = 4_096
}

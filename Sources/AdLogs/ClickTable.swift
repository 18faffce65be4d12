import CXXHash
import Postgres

/// The clicks that can count for a range of impressions, found by the impression's id. Memory: about 60 bytes a click
/// with an id of 20 characters; the impressions stream past it.
public struct ClickTable {
    private var ids: [UInt8] = []
    private var clicks: [Click] = []
    /// First click of each chain, −1 where there is none; a power of two.
    private var heads: [Int32]
    /// One bit a value of the lowest bits of the hashes that are there: small enough for the fastest memory, and enough to
    /// let most impressions pass, which are not clicked.
    private var filter: [UInt64] = []
    private let window: Int64

    private struct Click {
        var hash: UInt32
        var idOffset: Int
        var idLength: Int32
        /// Next click with the same slot, −1 at the end.
        var next: Int32
        var time: Int64
        var fate = Fate.stray
        /// Since the newest impression of the range that is not after it; −1: there is none.
        var age: Int64 = -1
    }

    private enum Fate: UInt8 { case stray, first, duplicate }

    /// Reads the clicks.
    ///
    /// - Throws: `PostgresError`.
    public init(_ attribution: Attribution, in range: Range<Instant>, on connection: Connection) throws {
        window = attribution.windowMicroseconds
        heads = []
        let form = attribution.clickIDForm
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
        defer { scratch.deallocate() }
        let slices = UnsafeMutableBufferPointer<BinaryRow.Slice>.allocate(capacity: 2)
        slices.initialize(repeating: BinaryRow.Slice())
        defer { slices.deallocate() }
        try connection.copyOut("COPY (\(attribution.clicks(in: range))) TO STDOUT (FORMAT binary)") { row in
            let bytes = try row.locate(slices)
            // A click that names no impression is an orphan.
            let raw = slices[0].bytes(in: bytes)
            let id = raw.flatMap { form.text(of: $0, scratch: scratch) }
            guard id != nil || raw == nil, let time = slices[1].bytes(in: bytes)?.bigEndianInteger else {
                throw PostgresError.malformedCopy("a click without id or time")
            }
            clicks.append(
                Click(
                    hash: id.map { Self.half(ofHash: Self.hash($0)) } ?? 0, idOffset: ids.count,
                    idLength: id.map { Int32($0.count) } ?? -1, next: -1,
                    time: Instant(postgresMicroseconds: time).microseconds))
            if let id { ids.append(contentsOf: id) }
        }
        var size = 1_024
        while size < 2 * clicks.count { size *= 2 }
        filter = [UInt64](repeating: 0, count: min(max(16, size / 4), Self.largestFilter))
        heads = [Int32](repeating: -1, count: size)
        for index in clicks.indices where clicks[index].idLength >= 0 {
            let slot = Int(clicks[index].hash) & (size - 1)
            clicks[index].next = heads[slot]
            heads[slot] = Int32(index)
            let bit = Int(clicks[index].hash) & (64 * filter.count - 1)
            filter[bit >> 6] |= 1 << UInt64(bit & 63)
        }
    }

    /// Whether an impression is clicked: a click on it falls within the window after it. The clicks that count for it are
    /// remembered as accounted for.
    ///
    /// - Parameters:
    ///   - id: the id's text form.
    ///   - hash: of the id, `ClickTable.hash(_:)`.
    @inline(__always)
    public mutating func takeClicks(of id: UnsafeRawBufferPointer, hash: UInt64, at time: Instant) -> Bool {
        let half = Self.half(ofHash: hash)
        let bit = Int(half) & (64 &* filter.count &- 1)
        guard filter[bit &>> 6] & (1 &<< UInt64(bit & 63)) != 0 else { return false }
        let head = heads[Int(half) & (heads.count &- 1)]
        return head >= 0 && takeClicks(of: id, half, at: time.microseconds, from: head)
    }

    /// XXH64 (seed 0) of an id's text form.
    @inline(__always)
    public static func hash(_ id: UnsafeRawBufferPointer) -> UInt64 { XXH64(id.baseAddress, id.count, 0) }

    /// The half that the cache's row key does not have.
    @inline(__always)
    private static func half(ofHash hash: UInt64) -> UInt32 { UInt32(truncatingIfNeeded: hash >> 32) }

    private mutating func takeClicks(
        of id: UnsafeRawBufferPointer, _ hash: UInt32, at time: Int64, from head: Int32
    ) -> Bool {
        var earliest: Int?
        var index = head
        while index >= 0 {
            let click = clicks[Int(index)]
            if click.hash == hash, matches(click, id), click.time >= time {
                let age = click.time - time
                if click.age < 0 || age < click.age { clicks[Int(index)].age = age }
                if age < window {
                    if earliest.map({ click.time < clicks[$0].time }) ?? true { earliest = Int(index) }
                    if click.fate == .stray { clicks[Int(index)].fate = .duplicate }
                }
            }
            index = click.next
        }
        guard let earliest else { return false }
        clicks[earliest].fate = .first
        return true
    }

    private func matches(_ click: Click, _ id: UnsafeRawBufferPointer) -> Bool {
        guard Int(click.idLength) == id.count else { return false }
        for position in 0..<id.count where ids[click.idOffset &+ position] != id[position] { return false }
        return true
    }

    /// What became of the clicks whose own time is in the range, each counted once. Call it after the last impression.
    ///
    /// - Throws: `PostgresError`.
    public func account(
        _ attribution: Attribution, in range: Range<Instant>, on connection: Connection
    ) throws -> ClickAccount {
        var account = ClickAccount()
        var strays: [Stray] = []
        for click in clicks where click.time < range.upperBound.microseconds {
            account.events += 1
            switch click.fate {
            case .first: account.countFirst(age: click.age)
            case .duplicate: account.duplicates += 1
            case .stray:
                if click.age >= 0 {
                    // Its newest impression is in the range and older than the window: no need to ask the server.
                    account.countLate(age: click.age)
                } else if click.idLength < 0 {
                    account.orphans += 1
                } else {
                    let id = ids[click.idOffset..<click.idOffset + Int(click.idLength)]
                    strays.append(Stray(id: String(decoding: id, as: UTF8.self), at: click.time))
                }
            }
        }
        // In the order of time, so that the first of several is the one that counts.
        strays.sort { ($0.at, $0.id) < ($1.at, $1.id) }
        var counted: Set<Stray> = []
        for start in stride(from: 0, to: strays.count, by: Self.straysAtOnce) {
            let some = Array(strays[start..<min(start + Self.straysAtOnce, strays.count)])
            let json = "[" + some.map(\.json).joined(separator: ",") + "]"
            let rows = try connection.execute(attribution.strays(in: range), [.json(json)])
            for (stray, row) in zip(some, rows) {
                guard try row.bool("any") else {
                    account.orphans += 1
                    continue
                }
                guard let before = try row.intOrNil("before") else {
                    account.early += 1
                    continue
                }
                let age = stray.at - Int64(before)
                if age >= window {
                    account.countLate(age: age)
                } else if try row.bool("again") || !counted.insert(Stray(id: stray.id, at: Int64(before))).inserted {
                    account.duplicates += 1
                } else {
                    account.countFirst(age: age)
                }
            }
        }
        return account
    }

    /// A click and when it was; or an impression and when that was.
    private struct Stray: Hashable {
        var id: String
        var at: Int64

        /// As `Attribution.strays(in:)` reads it.
        var json: String {
            var text = "{\"at\":\(at),\"id\":\""
            for scalar in id.unicodeScalars {
                switch scalar {
                case "\"", "\\": text += "\\\(scalar)"
                case _ where scalar.value < 32:
                    text += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
                default: text.unicodeScalars.append(scalar)
                }
            }
            return text + "\"}"
        }
    }

    private static let straysAtOnce = 10_000
    /// 32 KiB.
    private static let largestFilter = 4_096
}

import AdLogs
import Postgres

/// Rows of the impressions while they are read: their values counted, some kept as text, the newest kept as codes.
///
/// The newest are those before the last day, on which a first night judges: nothing is chosen by the clicks of judged
/// rows.
struct RowTally {
    private let columns: [SurveyedColumn]
    private let forms: [WireForm]
    private let isArray: [Bool]
    private let isMeasure: [Bool]
    private let limits: ReadingLimits
    /// All rows that were read.
    private(set) var rows = 0
    /// The distinct values of each column; of arrays, the distinct elements.
    private(set) var distinct: [DistinctCount]
    /// Rows with the lowest hashes of their ids: a sample that depends neither on how many rows there are nor on where
    /// they lie.
    private(set) var sample: [SampledRow] = []
    private var highestHash = UInt64.max
    private(set) var recent: Recent
    /// Rows of a month of days, where the newest rows are of too few.
    private(set) var spread: Recent

    struct SampledRow: Sendable {
        var id: String
        var hash: UInt64
        var at: Int64
        /// One text per column; nil for NULL. Of arrays, only whether there is one.
        var values: [String?]
        /// The elements of arrays.
        var elements: [[String]]
    }

    /// What is kept of some stretch of time.
    struct Recent: Sendable {
        var hashes: [UInt64] = []
        var times: [Int64] = []
        var codes: [[UInt32]]
        /// Times and hashes of the rows that are kept.
        var timesKept = Int64.max..<Int64.max
        var highestHash = UInt64.max

        func keeps(_ hash: UInt64, at time: Int64) -> Bool { timesKept.contains(time) && hash <= highestHash }
    }

    /// - Parameter forms: of the columns as they arrive, after time and id.
    init(_ columns: [SurveyedColumn], forms: [WireForm], limits: ReadingLimits) {
        self.columns = columns
        self.forms = forms
        self.limits = limits
        isArray = columns.map { $0.family == .array }
        isMeasure = columns.map { $0.family == .number || ($0.family == .integer && $0.isMeasure) }
        distinct = columns.map { _ in DistinctCount() }
        recent = Recent(codes: columns.map { _ in [] })
        spread = recent
    }

    /// Keeps rows from an instant on as codes, up to another; where there are too many of them, a share by the hash of
    /// their ids.
    mutating func keepRecent(from start: Instant, before end: Instant?, expecting rows: Int) {
        recent.timesKept = start.microseconds..<max(start.microseconds, end?.microseconds ?? .max)
        if rows > 2 * mostRecent { recent.highestHash = Self.highestHash(keeping: mostRecent, of: rows) }
    }

    /// Likewise for rows that are to be of many days.
    mutating func keepSpread(from start: Instant, before end: Instant, expecting rows: Int) {
        spread.timesKept = start.microseconds..<max(start.microseconds, end.microseconds)
        if rows > mostRecent { spread.highestHash = Self.highestHash(keeping: mostRecent, of: rows) }
    }

    private var mostRecent: Int { min(limits.recentRows, limits.recentCells / max(1, columns.count)) }

    private static func highestHash(keeping most: Int, of rows: Int) -> UInt64 {
        UInt64(Double(UInt64.max) * (Double(most) / Double(rows)))
    }

    /// Which parts of the tally a statement's rows are for.
    struct Uses: OptionSet {
        let rawValue: Int
        static let sample = Uses(rawValue: 1)
        static let recent = Uses(rawValue: 2)
        static let spread = Uses(rawValue: 4)
    }

    /// Takes a row.
    ///
    /// - Parameters:
    ///   - row: the row's bytes.
    ///   - slices: of time, id and the columns.
    mutating func take(
        _ row: UnsafeRawBufferPointer, _ slices: UnsafeMutableBufferPointer<BinaryRow.Slice>, id form: WireForm,
        _ uses: Uses, scratch: UnsafeMutableRawBufferPointer
    ) throws {
        guard let time = slices[0].bytes(in: row)?.bigEndianInteger, let raw = slices[1].bytes(in: row),
            let id = form.text(of: raw, scratch: scratch)
        else { throw PostgresError.malformedCopy("an impression without id or time") }
        // An empty text is no id.
        guard !id.isEmpty else { return }
        let at = Instant(postgresMicroseconds: time).microseconds
        let hash = ClickTable.hash(id)
        rows += 1
        let isSampled = uses.contains(.sample) && hash <= highestHash
        let isRecent = uses.contains(.recent) && recent.keeps(hash, at: at)
        let isSpread = uses.contains(.spread) && spread.keeps(hash, at: at)
        var sampled = SampledRow(
            id: isSampled ? String(decoding: id, as: UTF8.self) : "", hash: hash, at: at, values: [], elements: [])
        for column in columns.indices {
            let bytes = slices[column + 2].bytes(in: row)
            let code: UInt32
            if isArray[column] {
                code = array(bytes, column, isSampled, &sampled, scratch)
            } else if let bytes {
                guard let text = forms[column].text(of: bytes, scratch: scratch) else {
                    throw PostgresError.malformedCopy("a value of column \(columns[column].name) that is none")
                }
                let valueHash = ClickTable.hash(text)
                distinct[column].insert(valueHash)
                code = isRecent || isSpread ? Self.code(text, valueHash, isMeasure[column]) : 0
                if isSampled { sampled.values.append(String(decoding: text, as: UTF8.self)) }
            } else {
                code = 0
                if isSampled { sampled.values.append(nil) }
            }
            if isRecent { recent.codes[column].append(code) }
            if isSpread { spread.codes[column].append(code) }
        }
        if isRecent {
            recent.hashes.append(hash)
            recent.times.append(at)
        }
        if isSpread {
            spread.hashes.append(hash)
            spread.times.append(at)
        }
        if isSampled {
            sample.append(sampled)
            if sample.count >= 2 * limits.sampleRows { cutSample() }
        }
    }

    private mutating func array(
        _ bytes: UnsafeRawBufferPointer?, _ column: Int, _ isSampled: Bool, _ sampled: inout SampledRow,
        _ scratch: UnsafeMutableRawBufferPointer
    ) -> UInt32 {
        var elements: [String] = []
        var hashes: UInt64 = 0
        if let bytes {
            // An array of several dimensions has no elements here, as in the job.
            try? WireArray.forEach(bytes) { element in
                guard let element, let text = forms[column].text(of: element, scratch: scratch) else { return }
                let hash = ClickTable.hash(text)
                distinct[column].insert(hash)
                hashes = (hashes &* 31) &+ hash
                if isSampled { elements.append(String(decoding: text, as: UTF8.self)) }
            }
        }
        if isSampled {
            sampled.values.append(bytes == nil ? nil : "")
            sampled.elements.append(elements)
        }
        return bytes == nil ? 0 : UInt32(truncatingIfNeeded: hashes >> 32) | 1
    }

    /// A value's hash, or a number itself; never 0.
    private static func code(_ text: UnsafeRawBufferPointer, _ hash: UInt64, _ isMeasure: Bool) -> UInt32 {
        if isMeasure, let number = Double(String(decoding: text, as: UTF8.self)) {
            return NumberCode.code(Float(number))
        }
        return max(1, UInt32(truncatingIfNeeded: hash >> 32))
    }

    /// Cuts the sample in the order of the hash, so that the order of reading does not matter.
    mutating func cutSample() {
        sample.sort { ($0.hash, $0.at) < ($1.hash, $1.at) }
        if sample.count > limits.sampleRows {
            sample.removeLast(sample.count - limits.sampleRows)
            highestHash = sample.last?.hash ?? highestHash
        }
    }

    /// The newest rows in the order of time, numbers as buckets.
    func recentRows(_ clicks: ClickTimes) -> RecentRows { rows(recent, clicks) }

    /// Likewise the rows of many days; none where they were not kept apart from the newest.
    func spreadRows(_ clicks: ClickTimes) -> RecentRows { rows(spread, clicks) }

    private func rows(_ kept: Recent, _ clicks: ClickTimes) -> RecentRows {
        let order = kept.times.indices.sorted {
            (kept.times[$0], kept.hashes[$0]) < (kept.times[$1], kept.hashes[$1])
        }
        let clicked = order.map { clicks.first(on: kept.hashes[$0], from: kept.times[$0]) != nil }
        let codes = columns.indices.map { column in
            let codes = order.map { kept.codes[column][$0] }
            return isMeasure[column] ? NumberCode.buckets(codes) : codes
        }
        let days = order.map { Int32(Instant(microseconds: kept.times[$0]).day.ordinal) }
        return RecentRows(codes: codes, clicked: clicked, days: days)
    }
}

/// Numbers as 32-bit codes whose order is that of the numbers.
enum NumberCode {
    /// Buckets of equal share.
    private static let buckets = 32

    /// Never 0, which is a missing value.
    static func code(_ number: Float) -> UInt32 {
        let bits = number.bitPattern
        return max(1, bits >> 31 == 0 ? bits | 0x8000_0000 : ~bits)
    }

    /// The bucket of each, from 1; 0 stays 0.
    static func buckets(_ codes: [UInt32]) -> [UInt32] {
        let present = codes.filter { $0 != 0 }.sorted()
        guard let last = present.last else { return codes }
        var ends: [UInt32] = []
        for bucket in 1..<buckets where present[present.count * bucket / buckets] != ends.last {
            ends.append(present[present.count * bucket / buckets])
        }
        if ends.last != last { ends.append(last) }
        return codes.map { code in
            guard code != 0 else { return 0 }
            var (low, high) = (0, ends.count)
            while low < high {
                let middle = (low + high) / 2
                if ends[middle] < code { low = middle + 1 } else { high = middle }
            }
            return UInt32(low + 1)
        }
    }
}

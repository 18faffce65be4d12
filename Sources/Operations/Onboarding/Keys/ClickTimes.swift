import AdLogs
import Postgres

/// When impressions were clicked, by the hash of the impression's id as text.
struct ClickTimes: Sendable {
    /// Sorted by hash and time.
    private var clicks: [Click] = []

    private struct Click: Comparable {
        var hash: UInt64
        var at: Int64

        static func < (left: Click, right: Click) -> Bool { (left.hash, left.at) < (right.hash, right.at) }
    }

    var count: Int { clicks.count }

    /// The first click on an impression that is not before it, microseconds since 1970. O(log n).
    func first(on hash: UInt64, from at: Int64) -> Int64? {
        var (low, high) = (0, clicks.count)
        let wanted = Click(hash: hash, at: at)
        while low < high {
            let middle = (low + high) / 2
            if clicks[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        return low < clicks.count && clicks[low].hash == hash ? clicks[low].at : nil
    }

    /// Reads the clicks that a condition on the alias `c` picks.
    ///
    /// - Throws: `PostgresError`.
    mutating func read(
        _ log: SurveyedLog, id: SurveyedKey, time: SurveyedColumn, where condition: String? = nil,
        on connection: Connection
    ) throws {
        let key = try id.sql("c", on: connection)
        let at = "c.\(try connection.quoteIdentifier(time.name))"
        let filter =
            "\(at) >= '\(LogExtent.times.first)' AND \(at) < '\(LogExtent.times.end)' AND \(key.isPresent)"
            + " AND \(try log.condition("c", on: connection))" + (condition.map { " AND \($0)" } ?? "")
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
        defer { scratch.deallocate() }
        let slices = UnsafeMutableBufferPointer<BinaryRow.Slice>.allocate(capacity: 2)
        slices.initialize(repeating: BinaryRow.Slice())
        defer { slices.deallocate() }
        var clicks = clicks
        try connection.copyOut(
            """
            COPY (SELECT \(key.sent), \(at) FROM \(try log.from("c", on: connection)) WHERE \(filter))
            TO STDOUT (FORMAT binary)
            """
        ) { row in
            let bytes = try row.locate(slices)
            guard let raw = slices[0].bytes(in: bytes), let id = key.form.text(of: raw, scratch: scratch),
                let time = slices[1].bytes(in: bytes)?.bigEndianInteger
            else { throw PostgresError.malformedCopy("a click without id or time") }
            clicks.append(
                Click(hash: ClickTable.hash(id), at: Instant(postgresMicroseconds: time).microseconds))
        }
        clicks.sort()
        self.clicks = clicks
    }
}

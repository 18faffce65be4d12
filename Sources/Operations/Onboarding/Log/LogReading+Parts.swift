import AdLogs
import Days
import Foundation
import Postgres

extension LogReading {
    /// Reads part of a log that cannot be counted, or not be read, in time.
    func readPart(_ why: String) throws -> Result {
        let patience = "\(limits.statementMilliseconds / 1_000) s"
        search.notice("reading some of the rows of \(table.name)")
        var remarks = [why]
        var tally = try tally()
        var isSpread = true
        let rows = try readPages(&tally) ?? readSlices(&tally, &isSpread)
        if !isSpread {
            remarks.append(
                "\(table.name) is slow to read by time: what is said of its columns is of its first rows, and how many days "
                    + "the log has is not known; set training.window_days")
        }
        tally.cutSample()
        var clicks = ClickTimes()
        if try readClicks(of: tally.sample, &clicks) == nil {
            remarks.append(
                "the clicks on the sample could not be read within \(patience); create an index that begins "
                    + "with \(source.clickImpression.names[0]) of \(search.clicks.name) and run rocket init again")
        }
        let last = tally.sample.map(\.at).max().map { Instant(microseconds: $0).day }
        let judged = last.map { Instant(microseconds: Int64($0.ordinal) * 86_400_000_000) }
        let newest = try connection.within(milliseconds: limits.statementMilliseconds) { connection in
            try connection.execute(
                """
                SELECT pg_catalog.min(n.at)::text AS at FROM (
                    SELECT i.\(try time) AS at FROM \(try relation) i WHERE \(try times)\(try before(judged))
                    ORDER BY i.\(try time) DESC LIMIT \(recentRows)) n
                """
            ).first?.textOrNil("at")
        }
        if let newest, let newest, let start = Self.instant(newest) {
            var (withRecent, recentClicks) = (tally, clicks)
            let isRead: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { _ in
                try readRecent(from: start, before: judged, rows: recentRows, &withRecent, &recentClicks)
            }
            if isRead != nil { (tally, clicks) = (withRecent, recentClicks) }
        }
        if tally.recent.times.isEmpty {
            remarks.append(
                "the newest rows could not be read within \(patience), so that no crosses were looked for; "
                    + "an index on \(source.impressionTime.name) makes that possible")
        }
        return Result(
            tally: tally, clicks: clicks, extent: nil, rows: rows, isWhole: false, isSpread: isSpread, remarks: remarks)
    }

    /// - Returns: rows of the table, by those of the pages read; nil where the pages cannot be read apart.
    private func readPages(_ tally: inout RowTally) throws -> Int? {
        let view = table.canBeSampled ? nil : try SampledView(table.name, on: connection)
        guard table.canBeSampled || view != nil else { return nil }
        let row = try connection.execute(
            """
            SELECT (greatest(pg_catalog.pg_table_size(pg_catalog.to_regclass($1)), (
                       SELECT pg_catalog.sum(pg_catalog.pg_table_size(t.relid))
                       FROM pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) t))
                   / pg_catalog.current_setting('block_size')::bigint)::bigint AS pages
            """, [.text(try view?.table ?? relation)]
        ).first
        let share = min(1, Double(limits.sampledPages) / Double(max(1, try row?.int("pages") ?? 1)))
        let sampled =
            try view?.from("i", percent: 100 * share)
            ?? "\(relation) i TABLESAMPLE SYSTEM (\(100 * share)) REPEATABLE (1)"
        do {
            var read = tally
            try stream(sampled, try times, into: &read, .sample)
            tally = read
        } catch let error as PostgresError where view != nil && error.sqlState == "42501" {
            // A role that may read the view need not be allowed to read its table.
            return nil
        }
        return Int(Double(tally.rows) / share)
    }

    /// - Returns: rows of the view, by the share of the time that was read.
    private func readSlices(_ tally: inout RowTally, _ isSpread: inout Bool) throws -> Int {
        let bounds = try connection.within(milliseconds: limits.statementMilliseconds) { connection in
            try connection.execute(
                """
                SELECT pg_catalog.min(i.\(try time))::text AS first, pg_catalog.max(i.\(try time))::text AS last
                FROM \(try relation) i WHERE \(try times)
                """
            ).first
        }
        if let bounds, let row = bounds, let first = try row.textOrNil("first").flatMap(Self.instant),
            let last = try row.textOrNil("last").flatMap(Self.instant)
        {
            var read = tally
            // Of each part of the time, its first hundredth.
            let parts = (first..<last.advanced(bySeconds: 1)).parts(limits.slices)
            let done: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { _ in
                for part in parts {
                    let length = max(1_000_000, (part.upperBound.microseconds - part.lowerBound.microseconds) / 100)
                    let end = Instant(microseconds: part.lowerBound.microseconds + length)
                    try stream(
                        "\(try relation) i",
                        "i.\(try time) >= '\(part.lowerBound)' AND i.\(try time) < '\(end)' AND \(try isImpression)",
                        into: &read, .sample)
                }
            }
            if done != nil, read.rows > 0 {
                tally = read
                return 100 * read.rows
            }
        }
        isSpread = false
        try stream(
            "(SELECT * FROM \(try relation) LIMIT \(limits.sampleRows)) i", try times, into: &tally, .sample)
        return tally.rows
    }

    /// The clicks on sampled impressions; nil where they cannot be read in time.
    private func readClicks(of sample: [RowTally.SampledRow], _ clicks: inout ClickTimes) throws -> Void? {
        let click = try source.clickImpression.sql("c", on: connection)
        let (id, reference) = (source.impressionID.columns, source.clickImpression.columns)
        let type = id.count == 1 && id[0].family == reference[0].family ? reference[0].type : nil
        let wanted = try connection.quoteLiteral(ArrayText.of(sample.map(\.id)))
        // An index is used only where the column is compared as it is.
        let condition =
            try type.map { type in
                "c.\(try connection.quoteIdentifier(reference[0].name)) = ANY (\(wanted)::text[]::\(type)[])"
            } ?? "\(click.text) = ANY (\(wanted)::text[])"
        var read = clicks
        let done: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { connection in
            try read.read(
                source.clicks, id: source.clickImpression, time: source.clickTime, where: condition, on: connection)
        }
        if done != nil { clicks = read }
        return done
    }
}

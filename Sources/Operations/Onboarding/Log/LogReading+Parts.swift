import AdLogs
import Days
import Foundation
import Postgres

extension LogReading {
    /// Reads part of a log that cannot be counted, or not be read, in time.
    func readPart(_ why: String) throws -> Result {
        let patience = Connection.limit(limits.statementMilliseconds)
        search.notice("reading some of the rows of \(table.name)")
        var remarks = [why]
        var tally = try tally()
        var days: [Day]?
        var isSpread = true
        var limit: String?
        var rows = try readPages(&tally)
        // A view of a small part of its table has few rows on any pages.
        if rows.map({ tally.rows < limits.leastRows && $0 > tally.rows }) ?? true {
            var sliced = try self.tally()
            let found = try readSlices(&sliced)
            if found.rows != nil, sliced.rows > tally.rows { (tally, rows, days) = (sliced, found.rows, found.days) }
        }
        if rows == nil || tally.rows == 0 {
            isSpread = false
            rows = try readFirst(&tally)
            if rows == nil { limit = patience }
        }
        if !isSpread {
            remarks.append(
                "\(table.name) is slow to read by time: what is said of its columns is of its first rows, and how many days "
                    + "the log has is not known; set training.window_days")
        }
        tally.cutSample()
        var clicks = ClickTimes()
        let hasClicks = try readClicks(of: tally.sample, &clicks) != nil
        if !hasClicks {
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
        var isTooSlow = newest == nil
        if let newest, let newest, let start = Self.instant(newest) {
            var (withRecent, recentClicks) = (tally, clicks)
            let isRead: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { _ in
                try readRecent(from: start, before: judged, rows: recentRows, &withRecent, &recentClicks)
            }
            if isRead != nil { (tally, clicks) = (withRecent, recentClicks) } else { isTooSlow = true }
        }
        if isTooSlow {
            remarks.append(
                "the newest rows could not be read within \(patience), so that no crosses were looked for; "
                    + "an index on \(source.impressionTime.name) makes that possible")
        }
        if let days, let first = days.first, let last = days.last {
            remarks.append(
                "\(table.name) has rows from \(first) to \(last); that it has some of each day between is assumed")
        }
        return Result(
            tally: tally, clicks: clicks, extent: nil, rows: rows ?? 0, isWhole: false, isSpread: isSpread,
            hasClicks: hasClicks, days: days, limit: limit, remarks: remarks)
    }

    /// - Returns: rows of the table, by those of the pages read; nil where the pages cannot be read apart, or not in
    ///   time.
    private func readPages(_ tally: inout RowTally) throws -> Int? {
        let view = table.canBeSampled ? nil : try SampledView(table.name, on: connection)
        guard table.canBeSampled || view != nil else { return nil }
        // Tables that inherit are read with their parent, as partitions are.
        let row = try connection.execute(
            """
            WITH RECURSIVE parts AS (
                SELECT coalesce($2::text::oid, pg_catalog.to_regclass($1)) AS id
              UNION
                SELECT h.inhrelid FROM parts p JOIN pg_catalog.pg_inherits h ON h.inhparent = p.id)
            SELECT (pg_catalog.sum(s.bytes) / pg_catalog.current_setting('block_size')::bigint)::bigint AS pages,
                   pg_catalog.count(*) FILTER (WHERE s.bytes > 0) AS parts
            FROM (SELECT pg_catalog.pg_relation_size(id) AS bytes FROM parts) s
            """, [.text(try connection.quoteRelation(table.name)), Value(view?.tableID)]
        ).first
        let share = Self.sampledShare(
            pages: try row?.int("pages") ?? 0, parts: try row?.int("parts") ?? 1, limits: limits)
        let sampled =
            try view?.from("i", percent: 100 * share)
            ?? "\(relation) i TABLESAMPLE SYSTEM (\(100 * share)) REPEATABLE (1)"
        var read = tally
        do {
            let done: Void? = try connection.within(milliseconds: limits.readingMilliseconds) { _ in
                try stream(sampled, try times, into: &read, .sample)
            }
            if done == nil { return nil }
        } catch let error as PostgresError where view != nil && error.sqlState == "42501" {
            // A role that may read the view need not be allowed to read its table.
            return nil
        }
        tally = read
        return Int(Double(tally.rows) / share)
    }

    /// The share of the pages that are read. The server takes the same pages of every part of a table, by their
    /// numbers: of many small parts it would take none at all, or the same hours of each.
    static func sampledShare(pages: Int, parts: Int, limits: ReadingLimits) -> Double {
        let wanted = max(limits.sampledPages, min(limits.pagesOfPart * parts, 10 * limits.sampledPages))
        return min(1, Double(wanted) / Double(max(1, pages)))
    }

    /// - Returns: rows of the view, by the share of the time that was read, and the days from the first to the last;
    ///   nil where that takes too long.
    private func readSlices(_ tally: inout RowTally) throws -> (rows: Int?, days: [Day]?) {
        let bounds = try connection.within(milliseconds: limits.statementMilliseconds) { connection in
            try connection.execute(
                """
                SELECT pg_catalog.min(i.\(try time))::text AS first, pg_catalog.max(i.\(try time))::text AS last
                FROM \(try relation) i WHERE \(try times)
                """
            ).first
        }
        guard let bounds, let row = bounds, let first = try row.textOrNil("first").flatMap(Self.instant),
            let last = try row.textOrNil("last").flatMap(Self.instant)
        else { return (nil, nil) }
        let days = (first.day.ordinal...last.day.ordinal).map { Day(ordinal: $0) }
        let (at, condition, columns) = (try time, try isImpression, try table.readable(on: connection))
        // One statement, so that one limit holds for all of them.
        let parts = try Self.slices(of: first..<last.advanced(bySeconds: 1), days: days.count, limits: limits).map {
            """
            SELECT \(columns) FROM \(try relation) i
            WHERE i.\(at) >= '\($0.lowerBound)' AND i.\(at) < '\($0.upperBound)' AND \(condition)
            """
        }
        var read = tally
        let done: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { _ in
            try stream("(\(parts.joined(separator: " UNION ALL "))) i", "true", into: &read, .sample)
        }
        guard done != nil, read.rows > 0 else { return (nil, nil) }
        tally = read
        return (100 * read.rows, days)
    }

    /// A hundredth of each of some parts of the time, at another place in each: parts of whole days would otherwise all
    /// show the same hour.
    static func slices(of time: Range<Instant>, days: Int, limits: ReadingLimits) -> [Range<Instant>] {
        time.parts(max(limits.slices, min(days, limits.mostSlices))).enumerated().map { number, part in
            let whole = part.upperBound.microseconds - part.lowerBound.microseconds
            let length = max(1_000_000, whole / 100)
            let place = (Double(number) * 0.618_033_988_749).truncatingRemainder(dividingBy: 1)
            let start = part.lowerBound.microseconds + Int64(place * Double(max(0, whole - length)))
            return Instant(microseconds: start)..<Instant(microseconds: start + length)
        }
    }

    /// - Returns: how many rows were read; nil where even that takes too long.
    private func readFirst(_ tally: inout RowTally) throws -> Int? {
        var read = tally
        let columns = try table.readable(on: connection)
        let done: Void? = try connection.within(milliseconds: limits.statementMilliseconds) { _ in
            try stream(
                "(SELECT \(columns) FROM \(try relation) LIMIT \(limits.sampleRows)) i", try times, into: &read, .sample
            )
        }
        guard done != nil else { return nil }
        tally = read
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

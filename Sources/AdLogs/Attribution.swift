import Postgres

/// The statements that attribution asks the server, for the impressions of a range of time. Clicks are joined to
/// impressions by the client: the server only reads, in the order of the index by time.
///
/// Every value in the SQL goes through libpq's quoting, because `COPY` takes no parameters.
public struct Attribution: Sendable {
    private let source: LogSource
    let idForm: WireForm?
    private let clickForm: WireForm?
    private let idType: String
    private let impressions, id, time, clicks, clickImpression, clickTime: String

    /// Looks the columns' types up.
    ///
    /// - Throws: `AdLogError.noColumn`, `PostgresError`.
    public init(_ source: LogSource, on connection: Connection) throws {
        self.source = source
        func type(_ column: String, of relation: String) throws -> String {
            let columns = try connection.columns(of: relation)
            guard let type = columns[column] else {
                throw AdLogError.noColumn(relation: relation, column: column, has: Array(columns.keys))
            }
            return type
        }
        idType = try type(source.impressions.id, of: source.impressions.table)
        idForm = Self.form(idType)
        clickForm = Self.form(try type(source.clicks.impressionID, of: source.clicks.table))
        impressions = try connection.quoteRelation(source.impressions.table)
        id = try connection.quoteIdentifier(source.impressions.id)
        time = try connection.quoteIdentifier(source.impressions.time)
        clicks = try connection.quoteRelation(source.clicks.table)
        clickImpression = try connection.quoteIdentifier(source.clicks.impressionID)
        clickTime = try connection.quoteIdentifier(source.clicks.time)
    }

    /// Forms whose text is found without the server; nil: the server sends text.
    private static func form(_ type: String) -> WireForm? {
        WireForm(type: type).flatMap { $0 == .float ? nil : $0 }
    }

    /// How the impression's id arrives in `impressions(in:selecting:breaksTies:)`.
    public var impressionIDForm: WireForm { idForm ?? .text }
    /// How the id arrives in `clicks(in:)`.
    var clickIDForm: WireForm { clickForm ?? .text }

    /// `SELECT` of the range's impressions in the order of their time. Columns: time, id, then one a given expression.
    ///
    /// - Parameters:
    ///   - expressions: SQL over the impressions' alias `i`, already quoted.
    ///   - breaksTies: also sort by the id's text, byte by byte. The client does that for itself as long as few
    ///     impressions have the same time, which spares the server a sort.
    public func impressions(
        in range: Range<Instant>, selecting expressions: [String], breaksTies: Bool
    ) -> String {
        let columns = (["i.\(time)", idForm == nil ? "i.\(id)::text" : "i.\(id)"] + expressions).joined(separator: ", ")
        return """
            SELECT \(columns) FROM \(impressions) i WHERE i.\(time) >= \(literal(range.lowerBound)) \
            AND i.\(time) < \(literal(range.upperBound)) \
            ORDER BY i.\(time)\(breaksTies ? ", i.\(id)::text COLLATE \"C\"" : "")
            """
    }

    /// `SELECT` of the clicks that can count for impressions of the range. Columns: impression id, time.
    public func clicks(in range: Range<Instant>) -> String {
        let end = range.upperBound.advanced(bySeconds: source.attributionWindow.seconds)
        return """
            SELECT \(clickForm == nil ? "c.\(clickImpression)::text" : "c.\(clickImpression)"), c.\(clickTime) \
            FROM \(clicks) c WHERE c.\(clickTime) >= \(literal(range.lowerBound)) AND c.\(clickTime) < \(literal(end))
            """
    }

    /// What became of clicks that found no impression within their range: an impression before the range, or none.
    ///
    /// Parameter `$1` is a JSON array of `{"id": text, "at": microseconds}`. Columns: `n` (position from 1), `before` (time
    /// of the newest impression not after the click, microseconds), `any` (there is an impression at all), `again` (an
    /// earlier click counts for the impression in `before`). Impressions are looked for from `lookBack` before the range
    /// to a day after it.
    func strays(in range: Range<Instant>) -> String {
        let match: String
        if idForm != nil, idForm == clickForm {
            match = "i.\(id) = e.id::\(idForm == .text ? "text" : idType)"
        } else {
            match = "i.\(id)::text = e.id"
        }
        let from = range.lowerBound.advanced(bySeconds: -lookBackSeconds)
        let to = range.upperBound.advanced(bySeconds: 86_400)
        func instant(_ column: String) -> String { "(extract(epoch FROM \(column)) * 1000000)::bigint" }
        let again =
            idForm != nil && idForm == clickForm
            ? "c.\(clickImpression) = e.id::\(idForm == .text ? "text" : idType)" : "c.\(clickImpression)::text = e.id"
        return """
            WITH e AS (
                SELECT ordinality AS n, value ->> 'id' AS id,
                       'epoch'::timestamptz + (value ->> 'at')::bigint * interval '1 microsecond' AS at
                FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY)
            SELECT e.n, \(instant("f.before")) AS before, f.found AS any,
                   f.before IS NOT NULL AND e.at < f.before + \(window) AND EXISTS (
                       SELECT 1 FROM \(clicks) c
                       WHERE \(again) AND c.\(clickTime) >= f.before AND c.\(clickTime) < e.at) AS again
            FROM e
            CROSS JOIN LATERAL (
                SELECT max(i.\(time)) FILTER (WHERE i.\(time) <= e.at) AS before, count(*) > 0 AS found
                FROM \(impressions) i
                WHERE \(match) AND i.\(time) >= \(literal(from)) AND i.\(time) < \(literal(to))) f
            ORDER BY e.n
            """
    }

    /// What a range shows now of what was seen when it was extracted: impressions, clicked impressions, and for both the
    /// sum of their times, in which an exchange shows that the counts hide.
    public func seen(in range: Range<Instant>, on connection: Connection) throws -> SeenLogs {
        let end = range.upperBound.advanced(bySeconds: source.attributionWindow.seconds)
        let join = idForm == clickForm ? "c.\(clickImpression) = i.\(id)" : "c.\(clickImpression)::text = i.\(id)::text"
        let row = try connection.execute(
            """
            WITH clicked AS (
                SELECT i.\(time) AS at
                FROM \(impressions) i
                WHERE i.\(time) >= \(literal(range.lowerBound)) AND i.\(time) < \(literal(range.upperBound))
                  AND EXISTS (
                    SELECT 1 FROM \(clicks) c
                    WHERE \(join)
                      AND c.\(clickTime) >= \(literal(range.lowerBound)) AND c.\(clickTime) < \(literal(end))
                      AND c.\(clickTime) >= i.\(time) AND c.\(clickTime) < i.\(time) + \(window))),
            shown AS (
                SELECT i.\(time) AS at
                FROM \(impressions) i
                WHERE i.\(id) IS NOT NULL
                  AND i.\(time) >= \(literal(range.lowerBound)) AND i.\(time) < \(literal(range.upperBound)))
            SELECT impressions, clicked,
                   (impression_times % 1e15)::bigint AS impression_times, (clicked_times % 1e15)::bigint AS clicked_times
            FROM (SELECT count(*) AS impressions, coalesce(sum(extract(epoch FROM at) * 1000000), 0) AS impression_times
                  FROM shown) s,
                 (SELECT count(*) AS clicked, coalesce(sum(extract(epoch FROM at) * 1000000), 0) AS clicked_times
                  FROM clicked) c
            """
        ).first
        guard let row else { return SeenLogs() }
        return SeenLogs(
            impressions: try row.int("impressions"), impressionTimes: Int64(try row.int("impression_times")),
            clicked: try row.int("clicked"), clickedTimes: Int64(try row.int("clicked_times")))
    }

    /// How far before a click an impression is looked for, to tell a late click from an orphan.
    public var lookBackSeconds: Int { max(7 * 86_400, source.attributionWindow.seconds) }

    var windowMicroseconds: Int64 { Int64(source.attributionWindow.seconds) * 1_000_000 }

    private var window: String { "make_interval(secs => \(source.attributionWindow.seconds))" }

    /// Digits and punctuation only, so it needs no quoting by the server.
    private func literal(_ instant: Instant) -> String { "'\(instant)'::timestamptz" }
}

/// What of a range of logs decides its rows and labels, in four numbers that add up over ranges.
public struct SeenLogs: Equatable, Codable, Sendable {
    public var impressions = 0
    /// Sum of the impressions' times in microseconds, modulo 10¹⁵.
    public var impressionTimes: Int64 = 0
    /// Impressions with a click within the window.
    public var clicked = 0
    /// Sum of the clicked impressions' times in microseconds, modulo 10¹⁵.
    public var clickedTimes: Int64 = 0

    public init(impressions: Int = 0, impressionTimes: Int64 = 0, clicked: Int = 0, clickedTimes: Int64 = 0) {
        self.impressions = impressions
        self.impressionTimes = impressionTimes
        self.clicked = clicked
        self.clickedTimes = clickedTimes
    }

    /// Counts an impression.
    @inline(__always)
    public mutating func add(_ time: Instant, clicked isClicked: Bool) {
        impressions &+= 1
        impressionTimes = (impressionTimes &+ time.microseconds % Self.modulus) % Self.modulus
        if isClicked {
            clicked &+= 1
            clickedTimes = (clickedTimes &+ time.microseconds % Self.modulus) % Self.modulus
        }
    }

    public static func + (left: SeenLogs, right: SeenLogs) -> SeenLogs {
        SeenLogs(
            impressions: left.impressions + right.impressions,
            impressionTimes: (left.impressionTimes + right.impressionTimes) % modulus,
            clicked: left.clicked + right.clicked, clickedTimes: (left.clickedTimes + right.clickedTimes) % modulus)
    }

    private static let modulus: Int64 = 1_000_000_000_000_000
}

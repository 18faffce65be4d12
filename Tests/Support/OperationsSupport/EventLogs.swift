import Foundation
import TestSupport

/// One table that holds both events, as a team has it that never thought of this program: mixed-case names, an
/// enumeration of events, times without a zone, a document, and no index.
package enum EventLogs {
    /// How a click names its impression.
    package enum Reference: String {
        /// By the impression's own id, in a column beside the click's.
        case parent = "ParentEventId"
        /// By an id that both rows have.
        case shared = "ImpressionId"
        /// By a request and a position, which both rows have.
        case composite = "RequestId"
    }

    /// `"Ads"."AdEvents"` over the six whole days before today (UTC).
    ///
    /// - Parameter kinds: The values of an impression, a click and a conversion; an enumeration has them.
    package static func create(
        impressions: Int = 24_000, _ reference: Reference = .parent,
        kinds: [String] = ["Impression", "Click", "Conversion"],
        on url: String
    ) throws {
        let names = kinds.map { "'\($0)'" }
        try TestDatabase.connect(url).script(
            script.replacing("ROWS", with: "\(impressions)").replacing("KINDS", with: names.joined(separator: ", "))
                .replacing("SHOWN", with: names[0]).replacing("CLICKED", with: names[1])
                .replacing("BOUGHT", with: names[2]).replacing("COLUMNS", with: columns(reference))
        )
    }

    private static func columns(_ reference: Reference) -> String {
        switch reference {
        case .parent:
            "md5(kind || n)::uuid AS \"EventId\", CASE WHEN kind <> SHOWN THEN md5(SHOWN || n)::uuid END AS \"ParentEventId\""
                .replacing("SHOWN", with: "'s'")
        case .shared: "md5(kind || n)::uuid AS \"EventId\", md5('i' || n) AS \"ImpressionId\""
        case .composite: "md5('request ' || n / 4) AS \"RequestId\", n % 4 AS \"Position\""
        }
    }

    private static let script = """
        SELECT setseed(0.5);
        CREATE SCHEMA "Ads";
        CREATE TYPE "Ads"."Kind" AS ENUM (KINDS);
        CREATE TEMP TABLE shown AS
        SELECT n, 's' AS kind, (date_trunc('day', now()) AT TIME ZONE 'UTC') - interval '6 days'
                   + (n * 518400.0 / ROWS) * interval '1 second' AS at,
               (500 * power(random(), 2))::int AS person, (60 * power(random(), 2))::int AS campaign, n % 7 AS place,
               random() AS chance, random() AS wait
        FROM generate_series(0, ROWS - 1) AS n;
        CREATE TABLE "Ads"."AdEvents" AS
        SELECT COLUMNS, (CASE kind WHEN 's' THEN SHOWN WHEN 'c' THEN CLICKED ELSE BOUGHT END)::"Ads"."Kind" AS "EventType",
               at AS "EventTime", at + interval '5 min' AS "LoadedAt", 'person ' || person AS "UserId",
               campaign AS "CampaignId", (ARRAY['top', 'side', 'feed', 'foot', 'list', 'map', 'mail'])[1 + place] AS "Placement",
               jsonb_build_object('n', n) AS "Payload"
        FROM (
            SELECT n, kind, at, person, campaign, place FROM shown
            UNION ALL
            SELECT n, 'c', at - 60 * ln(1 - wait) * interval '1 second', person, campaign, place FROM shown
            WHERE chance < 0.02 + 0.12 * ((campaign * 31) % 5) / 4.0 + 0.08 * (place = 2)::int
            UNION ALL
            SELECT n, 'b', at + interval '3 hours', person, campaign, place FROM shown WHERE chance < 0.002) e
        ORDER BY kind DESC, at;
        """
}

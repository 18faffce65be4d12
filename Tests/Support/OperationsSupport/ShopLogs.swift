import Foundation
import TestSupport

/// A team's own tables: names, keys and columns that nobody here chose, and some that no model should see.
package enum ShopLogs {
    /// `shop.ad_views` and `shop.ad_taps` over the six whole days before today (UTC), with clicks that depend on
    /// placement, product, visitor, device and campaign.
    package static func create(views: Int = 24_000, on url: String) throws {
        try TestDatabase.connect(url).script(tables + "\n" + rows.replacing("VIEWS", with: "\(views)"))
    }

    private static let tables = """
        CREATE SCHEMA shop;
        CREATE TABLE shop.ad_views (
            view_id uuid PRIMARY KEY, seen_at timestamptz NOT NULL, visitor uuid, placement text NOT NULL,
            product_id bigint NOT NULL, price numeric(10, 2), tags text[], campaign text, device text, app_version text,
            raw_payload jsonb, is_bot boolean NOT NULL, loaded_at timestamptz DEFAULT now(), region text NOT NULL,
            note text, was_clicked boolean, "Screen Size" integer);
        CREATE TABLE shop.ad_taps (
            tap_id uuid PRIMARY KEY, view uuid REFERENCES shop.ad_views, tapped_at timestamptz NOT NULL,
            screen_x integer, synced_at timestamptz DEFAULT now());
        CREATE INDEX ON shop.ad_views (seen_at);
        CREATE INDEX ON shop.ad_taps (view);
        CREATE INDEX ON shop.ad_taps (tapped_at);
        """

    private static let rows = """
        SELECT setseed(0.5);
        CREATE TEMP TABLE v AS
        SELECT md5('view' || n)::uuid AS view_id,
               date_trunc('day', now()) - interval '6 days' + (n * 518400.0 / VIEWS) * interval '1 second' AS seen_at,
               (800 * power(random(), 2))::int AS visitor, 1 + n % 4 AS placement, (200 * power(random(), 2))::int AS product,
               exp(2 + 1.2 * sqrt(-2 * ln(1 - random())) * cos(6.2832 * random())) AS price, n * 7 % 12 AS campaign,
               (random() * 2)::int AS device, random() AS luck, random() AS chance, n
        FROM generate_series(0, VIEWS - 1) AS n;
        INSERT INTO shop.ad_views
        SELECT view_id, seen_at, CASE WHEN luck < 0.97 THEN md5('visitor' || visitor)::uuid END,
               (ARRAY['top', 'side', 'feed', 'footer'])[placement], product, CASE WHEN luck > 0.02 THEN price END,
               ARRAY['brand' || product % 17, 'kind' || product % 5], 'campaign ' || campaign,
               (ARRAY['phone', 'tablet', 'desktop'])[device + 1], CASE WHEN device < 2 THEN '4.' || n % 7 END,
               jsonb_build_object('n', n), luck < 0.01, now(), 'eu', CASE WHEN n % 500 = 0 THEN 'checked by hand' END,
               NULL, 320 * (1 + n % 5)
        FROM v;
        INSERT INTO shop.ad_taps (tap_id, view, tapped_at, screen_x)
        SELECT md5('tap' || n)::uuid, view_id, seen_at - 240 * ln(1 - random()) * interval '1 second', 7
        FROM v
        WHERE chance < 1 / (1 + exp(4.6 - 1.3 * (placement = 3)::int - 0.8 * (placement = 1)::int
            - 0.9 * ((product * 7919) % 11) / 5.0 - 0.6 * ((visitor * 104729) % 7) / 3.0 - 0.5 * (device = 0)::int
            - 0.4 * ((campaign * 31) % 5) / 2.0));
        UPDATE shop.ad_views SET was_clicked = EXISTS (SELECT FROM shop.ad_taps t WHERE t.view = view_id);
        ANALYZE shop.ad_views, shop.ad_taps;
        """
}

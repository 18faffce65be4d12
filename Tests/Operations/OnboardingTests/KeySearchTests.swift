import OperationsSupport
import Postgres
import TestSupport
import Testing

/// Which columns `rocket init` joins clicks and impressions by, where several are declared or likely.
@Suite struct KeySearchTests {
    @Test("Of several foreign keys the one whose clicks come soon is taken, and the draft says what the others explain")
    func severalKeys() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            try TestDatabase.connect(url).script(
                """
                CREATE TABLE log.taps (
                    first_shown_id bigint REFERENCES log.shown, shown_id bigint REFERENCES log.shown, at timestamptz);
                INSERT INTO log.taps SELECT greatest(0, shown_id - 15000) / 100 * 100, shown_id, at FROM log.hits
                WHERE shown_id > 15000;
                """)
            let (result, text) = try InitTests.draft(url, "log.shown", "log.taps")
            #expect(result.code == 0 && text.contains("impression_id: shown_id,"), "\(result.errors)\(text)")
            let said = "the foreign key first_shown_id = id explains 100 % of 1000 clicks, most of them more than a day"
            #expect(text.contains(said) && result.output.contains(said), "\(result.output)")
            #expect(
                result.output.contains("clicks are joined by shown_id = id, which explains 100 % of 1000 clicks"))
        }
    }

    @Test("Among foreign keys that explain the same, the one that is named like the id is taken")
    func namedKey() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            try TestDatabase.connect(url).script(
                """
                ALTER TABLE log.shown RENAME id TO shown_id;
                CREATE TABLE log.taps (
                    billed bigint REFERENCES log.shown, shown_id bigint REFERENCES log.shown, at timestamptz);
                INSERT INTO log.taps SELECT shown_id, shown_id, at FROM log.hits;
                """)
            let (result, text) = try InitTests.draft(url, "log.shown", "log.taps")
            #expect(result.code == 0 && text.contains("impression_id: shown_id,"), "\(result.errors)\(text)")
            #expect(result.output.contains("the foreign key billed = shown_id explains 100 %"), "\(result.output)")
        }
    }

    @Test("A foreign key that few clicks have gives way to a column that all have, and the draft says so")
    func emptyKey() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            try TestDatabase.connect(url).script(
                """
                CREATE TABLE log.taps (promoted_shown_id bigint REFERENCES log.shown, cause bigint, at timestamptz);
                INSERT INTO log.taps SELECT CASE WHEN shown_id % 40 = 0 THEN shown_id END, shown_id, at FROM log.hits;
                """)
            let (result, text) = try InitTests.draft(url, "log.shown", "log.taps")
            #expect(result.code == 0 && text.contains("impression_id: cause,"), "\(result.errors)\(text)")
            #expect(text.contains("the foreign key promoted_shown_id = id explains "), "\(text)")
            #expect(text.contains("--click-impression promoted_shown_id"), "\(text)")
        }
    }

    @Test("The words of a quoted table's name are those of the table, whatever points are in it")
    func quotedTable() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            // Equal in all but their names: the reference is the one named after the table.
            try TestDatabase.connect(url).script(
                """
                ALTER TABLE log.shown RENAME TO "web.banners";
                CREATE TABLE log.taps AS SELECT shown_id AS ad, shown_id AS banner, at FROM log.hits;
                """)
            let (result, text) = try InitTests.draft(url, "\"log\".\"web.banners\"", "log.taps")
            #expect(result.code == 0 && text.contains("impression_id: banner,"), "\(result.errors)\(text)")
        }
    }
}

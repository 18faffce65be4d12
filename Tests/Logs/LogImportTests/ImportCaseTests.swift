import AdLogs
import Days
import Foundation
import LogImport
import Postgres
import TestSupport
import Testing

/// Files that teams have: each was once lost, misread or refused whole.
@Suite struct ImportCaseTests {
    struct Shop {
        let folder: String
        let connection: Connection

        static func run(_ body: (Shop) throws -> Void) throws {
            try TestDatabase.run { url in
                try withTemporaryFolder { folder in
                    try body(Shop(folder: folder, connection: try TestDatabase.connect(url)))
                }
            }
        }

        func file(_ name: String, _ text: String) throws -> String {
            let path = "\(folder)/\(name)"
            let parent = URL(fileURLWithPath: path).deletingLastPathComponent()
            try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
            return path
        }

        func load(
            _ file: String, _ mapping: CSVMapping, prefix: String = "shop", days: Int = 1, share: Double = 0.99
        ) throws -> ImportSummary {
            let request = ImportRequest(
                format: .csv, files: [file], prefix: prefix, firstDay: LogImporterTests.day, days: days,
                mapping: mapping,
                rejectedShare: share)
            return try LogImporter(request, on: connection).run(file: file) { _ in }
        }

        func number(_ sql: String) throws -> Int { try #require(try connection.execute(sql).first).int("n") }

        func texts(_ sql: String) throws -> [String] { try connection.execute(sql).map { try $0.text("t") } }
    }

    static func rows(_ count: Int, _ row: (Int) -> String) -> String {
        (1...count).map { row($0) + "\n" }.joined()
    }

    @Test(
        "A file of which nothing can be taken is refused, stays in the quarantine only, and a right second try takes it"
    )
    func refused() throws {
        try Shop.run { shop in
            let file = try shop.file(
                "ok.csv", "id,at,ad,clicked\n" + Self.rows(50) { "\($0),2026-01-05 10:00,ad\($0),\($0 % 2)" })
            let wrong = try shop.load(file, CSVMapping(id: "id", time: "at", label: "ad"))
            #expect(wrong.outcome == .refused(above: 0.99) && wrong.quarantined == 50)
            #expect(try shop.number("SELECT count(*) AS n FROM rocket.quarantine_rows") == 50)
            #expect(try shop.number("SELECT count(*) AS n FROM rocket.imports") == 0)
            #expect(try shop.number("SELECT (to_regclass('ad_log.shop_impressions') IS NULL)::int AS n") == 1)
            let right = try shop.load(file, CSVMapping(id: "id", time: "at", label: "clicked"))
            #expect(right.outcome == .imported && right.impressions == 50 && right.clicks == 25)
            #expect(try shop.load(file, CSVMapping(id: "id", time: "at", label: "clicked")).outcome == .known)
            // As an earlier version recorded it.
            try shop.connection.script("UPDATE rocket.imports SET impressions = 0; TRUNCATE ad_log.shop_impressions")
            #expect(try shop.load(file, CSVMapping(id: "id", time: "at", label: "clicked")).impressions == 50)
        }
    }

    @Test("Above the share of rejected rows that is allowed nothing is taken, at it everything else is")
    func share() throws {
        try Shop.run { shop in
            let file = try shop.file(
                "half.csv", "id,at,clicked\n" + Self.rows(10) { "\($0),2026-01-05 10:00,\($0 > 5 ? "?" : "1")" })
            let mapping = CSVMapping(id: "id", time: "at", label: "clicked")
            #expect(try shop.load(file, mapping, share: 0.49).outcome == .refused(above: 0.49))
            #expect(try shop.load(file, mapping, share: 0.5).impressions == 5)
            let empty = try shop.file("empty.csv", "id,at,clicked\n")
            #expect(try shop.load(empty, mapping).outcome == .refused(above: 0.99))
        }
    }

    @Test(
        "Ids that are made of the file differ between files of any name, and are the same for a file wherever it lies")
    func ids() throws {
        try Shop.run { shop in
            let texts = ["5", "6"].map { day in "at,clicked\n" + Self.rows(40) { "2026-01-0\(day) 10:\(9 + $0),0" } }
            let mapping = CSVMapping(time: "at", label: "clicked")
            for (number, name) in ["d1/part-0000.csv", "d2/part-0000.csv"].enumerated() {
                #expect(try shop.load(shop.file(name, texts[number]), mapping).impressions == 40)
            }
            for (number, name) in ["log.2026-01-05.csv", "log.2026-01-06.csv"].enumerated() {
                #expect(try shop.load(shop.file(name, texts[number]), mapping, prefix: "dots").impressions == 40)
            }
            #expect(try shop.number("SELECT count(DISTINCT impression_id) AS n FROM ad_log.shop_impressions") == 80)
            let moved = try shop.file("d3/part-0000.csv", texts[0])
            #expect(try shop.load(moved, mapping, prefix: "moved").impressions == 40)
            #expect(
                try shop.number(
                    """
                    SELECT count(*) AS n
                    FROM ad_log.shop_impressions JOIN ad_log.moved_impressions USING (impression_id)
                    """) == 40)
            // Another file in the same place is said.
            let again = try shop.load(shop.file("d1/part-0000.csv", texts[1] + "2026-01-07 10:00,1\n"), mapping)
            #expect(again.impressions == 41 && again.earlierOfTheName == 40)
        }
    }

    @Test(
        "A number is a date of 1990 to 2100 by its digits, or seconds or milliseconds from 1990 on, or no time",
        arguments: [
            ("20260105", "2026-01-05 00:00:00+00"), ("2026010510", "2026-01-05 10:00:00+00"),
            ("20260105100203", "2026-01-05 10:02:03+00"), ("1767606000", "2026-01-05 09:40:00+00"),
            ("1767606000.5", "2026-01-05 09:40:00.5+00"), ("1767606000123", "2026-01-05 09:40:00.123+00"),
            ("1767606000123456", "2026-01-05 09:40:00.123456+00"), ("631152000", "1990-01-01 00:00:00+00"),
            ("631151999", nil), ("46027.4001", nil), ("20261305", nil), ("20260230", nil), ("2026010524", nil),
            ("0", nil),
            ("12", nil), ("202601051030", nil), ("1e9", nil), ("0x6955e1f0", nil), ("-1767606000", nil),
            ("+1767606000", nil),
            ("19891231", nil), ("21010101", nil), (" 20260105", nil), ("nan", nil), ("inf", nil),
        ] as [(String, String?)])
    func times(_ text: String, _ expected: String?) throws {
        try Shop.run { shop in
            let file = try shop.file("t.csv", "id,at,clicked\n1,\(text),0\n2,2026-01-05 10:00,0\n")
            let summary = try shop.load(file, CSVMapping(id: "id", time: "at", label: "clicked"))
            #expect(summary.quarantined == (expected == nil ? 1 : 0))
            let found = try shop.texts(
                "SELECT impressed_at::text AS t FROM ad_log.shop_impressions WHERE impression_id = '1'")
            #expect(found == [expected].compactMap(\.self))
        }
    }

    @Test(
        "Only decimal numbers are numbers",
        arguments: [
            ("1e5", "100000"), ("+5", "5"), ("-0.5", "-0.5"), (".5", "0.5"), ("5.", "5"), ("1E-05", "1e-05"),
            ("1e-400", "0"),
            ("0x1F", nil), ("inf", nil), ("-Infinity", nil), ("nan", nil), ("1_000", nil), (" 5", nil), ("5 ", nil),
            ("1,5", nil),
            ("1e400", nil), ("e5", nil), ("1e", nil), (".", nil), ("+", nil), ("--5", nil), ("٥", nil), ("5f", nil),
            ("0x1p3", nil),
        ] as [(String, String?)])
    func numbers(_ text: String, _ expected: String?) throws {
        try Shop.run { shop in
            let file = try shop.file("n.csv", "id,at,price,clicked\n1,20260105,\"\(text)\",0\n2,20260105,1,0\n")
            let summary = try shop.load(file, CSVMapping(id: "id", time: "at", label: "clicked", numbers: ["price"]))
            #expect(summary.quarantined == (expected == nil ? 1 : 0))
            let found = try shop.texts("SELECT price::text AS t FROM ad_log.shop_impressions WHERE impression_id = '1'")
            #expect(found == [expected].compactMap(\.self))
        }
    }

    @Test("Lines end with LF, CR, CRLF or any of them in turn, and are numbered all the same", arguments: 0..<4)
    func lineEnds(_ kind: Int) throws {
        try Shop.run { shop in
            let ends = ["\n", "\r", "\r\n"]
            func end(_ row: Int) -> String { kind < 3 ? ends[kind] : ends[row % 3] }
            let file = try shop.file(
                "cr.csv",
                "at,ad,clicked" + end(0) + (1...9_000).map { "2026-01-05 10:00,ad,\($0 % 2)" + end($0) }.joined())
            let summary = try shop.load(file, CSVMapping(time: "at", label: "clicked"))
            #expect(summary.impressions == 9_000 && summary.clicks == 4_500 && summary.quarantined == 0)
            let lines = "min(split_part(impression_id, '-', 3)::int) AS n"
            #expect(try shop.number("SELECT \(lines) FROM ad_log.shop_impressions") == 2)
            #expect(
                try shop.number("SELECT \(lines.replacing("min", with: "max")) FROM ad_log.shop_impressions") == 9_001)
        }
    }

    @Test(
        "Headers of any script are kept; names that PostgreSQL would cut or refuse are refused before a row is written"
    )
    func headers() throws {
        try Shop.run { shop in
            let mapping = CSVMapping(id: "id", time: "at", label: "clicked")
            let file = try shop.file("cyr.csv", "id,at,цена,цвет,clicked\n1,20260105,1,red,1\n")
            #expect(try shop.load(file, mapping).impressions == 1)
            #expect(try shop.texts("SELECT цена || цвет AS t FROM ad_log.shop_impressions") == ["1red"])
            let long = String(repeating: "ц", count: 32)
            for (header, said) in [
                ("user_id", "--user"), ("impression_id", "--id"), ("impressed_at", "--time"), (long, "63"),
                ("ctid", "system column"),
                ("a b,a_b", "taken"), ((0..<1_600).map { "c\($0)" }.joined(separator: ","), "1500"),
            ] {
                let values = header.split(separator: ",").map { _ in "1" }.joined(separator: ",")
                let file = try shop.file("x.csv", "id,at,\(header),clicked\n1,20260105,\(values),1\n")
                let error = #expect(throws: ImportError.self) { try shop.load(file, mapping, prefix: "refused") }
                #expect(error.map { "\($0)".contains(said) } == true, "\(String(describing: error))")
            }
            #expect(throws: ImportError.self) {
                try shop.load(file, mapping, prefix: String(repeating: "p", count: 43))
            }
            #expect(try shop.load(file, mapping, prefix: String(repeating: "p", count: 42)).impressions == 1)
            #expect(try shop.number("SELECT (to_regclass('ad_log.refused_impressions') IS NULL)::int AS n") == 1)
            let exact = try shop.file("y.csv", "id,at,\(String(long.dropLast()))z,clicked\n1,20260105,1,1\n")
            #expect(try shop.load(exact, mapping, prefix: "exact").impressions == 1)
        }
    }

    @Test("A row whose id is too long for the table's index is set aside, the others land")
    func longID() throws {
        try Shop.run { shop in
            // Digits that do not compress.
            var generator = SystemRandomNumberGenerator()
            func id(_ bytes: Int) -> String {
                var text = ""
                while text.utf8.count < bytes {
                    text += String(UInt64.random(in: 0 ... .max, using: &generator), radix: 36)
                }
                return String(text.prefix(bytes))
            }
            let file = try shop.file(
                "long.csv", "id,at,clicked\n\(id(9_000)),20260105,1\n\(id(2_000)),20260105,1\n2,20260105,1\n")
            let summary = try shop.load(file, CSVMapping(id: "id", time: "at", label: "clicked"))
            #expect(summary.impressions == 2 && summary.clicks == 2 && summary.quarantined == 1)
        }
    }

    @Test("A file of more days than the server can lock partitions of is refused at its first rows")
    func manyDays() throws {
        try Shop.run { shop in
            let file = try shop.file(
                "days.csv", "id,at,clicked\n" + Self.rows(4_000) { "\($0),\(Day(ordinal: 8_000 + $0)),0" })
            let error = #expect(throws: ImportError.self) {
                try shop.load(file, CSVMapping(id: "id", time: "at", label: "clicked"))
            }
            guard case .manyDays(_, let days, let most) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(days == 4_000 && most >= 31 && most < 4_000)
        }
    }

    @Test("As many days as are allowed fit into the server's locks, and are reported while they are made")
    func allowedDays() throws {
        try Shop.run { shop in
            let most = try shop.number(
                """
                SELECT current_setting('max_locks_per_transaction')::bigint
                    * current_setting('max_connections')::bigint / 12 AS n
                """)
            let file = try shop.file(
                "days.csv", "id,at,clicked\n" + Self.rows(most) { "\($0),\(Day(ordinal: 12_000 + $0)),1" })
            let request = ImportRequest(
                format: .csv, files: [file], prefix: "many", firstDay: LogImporterTests.day,
                mapping: CSVMapping(id: "id", time: "at", label: "clicked"))
            var told = 0
            let summary = try LogImporter(request, on: shop.connection).run(file: file) { step in
                if case .days = step { told += 1 }
            }
            #expect(summary.impressions == most && summary.clicks == most && told == most)
        }
    }
}

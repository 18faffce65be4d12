import AdLogs
import Days
import Foundation
import LogImport
import Postgres
import TestSupport
import Testing

@Suite struct RecordReaderTests {
    static func records(_ text: String, delimiter: Character = ",") throws -> [FileRecord] {
        var records: [FileRecord] = []
        try withTemporaryFolder { folder in
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/a.csv"))
            try RecordReader(path: "\(folder)/a.csv", delimiter: try #require(delimiter.asciiValue))
                .forEachRecord { records.append($0) }
        }
        return records
    }

    @Test("Quotes, doubled quotes, line breaks in fields, CRLF, a byte order mark and holes are read as RFC 4180 says")
    func quoting() throws {
        let records = try Self.records("\u{FEFF}a,b\r\n\"x, \"\"y\"\"\",\"two\nlines\"\r\n,\n last ,z")
        #expect(records.map(\.fields) == [["a", "b"], ["x, \"y\"", "two\nlines"], ["", ""], [" last ", "z"]])
        #expect(records.map(\.line) == [1, 2, 4, 5])
    }

    @Test("Each record's first line and text are known, whichever field the line break is in")
    func lines() throws {
        let records = try Self.records("a,b\n\"two\nlines\",1\n\n\"\n\",2\r\nx,\"é\n\n\"\nlast,3")
        #expect(records.map(\.line) == [1, 2, 5, 7, 10])
        #expect(records.map(\.raw) == ["a,b", "\"two\nlines\",1", "\"\n\",2", "x,\"é\n\n\"", "last,3"])
    }

    @Test("A record's text is cut at 2,000 bytes, never within a character", arguments: 0..<4)
    func cut(_ shift: Int) throws {
        let text = String(repeating: "x", count: shift) + String(repeating: "🚀", count: 700)
        let raw = try #require(try Self.records("\(text),1\nb,2\n").first).raw
        #expect(text.hasPrefix(raw))
        #expect(raw.utf8.count == (2_000 - shift) / 4 * 4 + shift)
    }

    @Test("A quote that is never closed is an error that names its line; no row after it is swallowed")
    func openQuote() {
        let error = #expect(throws: ImportError.self) { try Self.records("a,b\n1,2\n\"3,4\n5,6\n7,8\n") }
        guard case .openQuote(_, let line, let rows) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(line == 3 && rows == 3)
    }

    @Test("A quote that swallows megabytes ends reading long before the file does")
    func endlessQuote() {
        let rows = String(repeating: "0123456789,abcdefghij\n", count: 1_000_000)
        let error = #expect(throws: ImportError.self) { try Self.records("a,b\n\"\(rows)") }
        guard case .openQuote(_, let line, _) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(line == 2)
    }

    @Test("A missing file is an error that names it")
    func missing() {
        let error = #expect(throws: ImportError.self) {
            try RecordReader(path: "/nowhere.csv", delimiter: 44).forEachRecord { _ in }
        }
        #expect(error.map { "\($0)".contains("/nowhere.csv") } == true)
    }
}

@Suite struct LogImporterTests {
    static func write(_ text: String, _ folder: String, _ name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
        return "\(folder)/\(name)"
    }

    static let day = Day(ordinal: 20_458)  // 2026-01-05

    @Test(
        "A csv file lands row for row; bad rows are in quarantine with line and reason; a second time nothing happens")
    func csv() throws {
        try TestDatabase.run { url in
            try withTemporaryFolder { folder in
                let connection = try TestDatabase.connect(url)
                let file = try Self.write(
                    """
                    Id,When,User,Price,Tags,clicked
                    a,2026-01-05 7:05,u1,1.5,x y,1
                    b,2026-01-06T10:00:00.5+02:00,,,,0
                    c,yesterday,u1,1,,0
                    d,2026-01-05 10:00,u1,cheap,,0
                    e,2026-01-05 10:00,u1,1,,maybe
                    f,2026-01-05 10:00
                    a,2026-01-05 07:05,u2,2,,0
                    g,0000-01-05 07:05,u2,2,,0
                    b,2026-01-07 10:00,u2,2,,1
                    h,20260-01-05 07:05,u2,2,,0

                    """, folder, "ads.csv")
                let request = ImportRequest(
                    format: .csv, files: [file], prefix: "shop", firstDay: Self.day,
                    mapping: CSVMapping(
                        id: "Id", time: "When", user: "User", label: "clicked", numbers: ["Price"], lists: ["Tags"]))
                let summary = try LogImporter(request, on: connection).run(file: file) { _ in }
                #expect(summary.impressions == 2 && summary.clicks == 1 && summary.quarantined == 8)
                let rows = try connection.execute(
                    """
                    SELECT impression_id, impressed_at::text AS at, user_id, price, tags::text AS tags
                    FROM ad_log.shop_impressions ORDER BY 1
                    """)
                #expect(try rows[0].text("at") == "2026-01-05 07:05:00+00" && rows[0].text("tags") == "{x,y}")
                #expect(try rows[1].text("at") == "2026-01-06 08:00:00.5+00" && rows[1].textOrNil("price") == nil)
                let quarantine = try connection.execute(
                    "SELECT line, key, reason, raw FROM rocket.quarantine_rows ORDER BY line")
                #expect(try quarantine.map { try $0.int("line") } == [4, 5, 6, 7, 8, 9, 10, 11])
                #expect(try quarantine.map { try $0.textOrNil("key") } == ["c", "d", "e", nil, "a", "g", "b", "h"])
                #expect(try quarantine[0].text("reason").contains("yesterday"))
                #expect(try quarantine[3].text("raw") == "f,2026-01-05 10:00")
                #expect(try quarantine[4].text("reason").contains("already exists"))
                #expect(try quarantine[4].text("raw") == "a,2026-01-05 07:05,u2,2,,0")
                #expect(try quarantine[5].text("reason").contains("0000-01-05"))
                #expect(try quarantine[6].text("reason").contains("already exists"))
                let again = try LogImporter(request, on: connection).run(file: file) { _ in }
                #expect(!again.isNew)
                #expect(
                    try connection.execute("SELECT count(*) AS n FROM ad_log.shop_impressions").first?.int("n") == 2)
            }
        }
    }

    @Test("Rows without time are spread over days in equal shares, in file order")
    func spread() throws {
        try TestDatabase.run { url in
            try withTemporaryFolder { folder in
                let connection = try TestDatabase.connect(url)
                let lines = (0..<100).map { "\($0 % 2) \($0 % 7):1 \(10 + $0 % 5):1" }.joined(separator: "\n")
                let file = try Self.write(lines, folder, "a.libfm")
                let request = ImportRequest(
                    format: .libfm, files: [file], prefix: "fm", firstDay: Self.day, days: 5,
                    fields: "user:0-9,item:10-19")
                #expect(try LogImporter(request, on: connection).run(file: file) { _ in }.clicks == 50)
                let days = try connection.execute(
                    """
                    SELECT impressed_at::date::text AS day, count(*) AS n,
                           min(split_part(impression_id, '-', 3)::int) AS first
                    FROM ad_log.fm_impressions GROUP BY 1 ORDER BY 1
                    """)
                #expect(try days.map { try $0.int("n") } == [20, 20, 20, 20, 20])
                #expect(try days.map { try $0.int("first") } == [1, 21, 41, 61, 81])
                #expect(try days[0].text("day") == "2026-01-05")
            }
        }
    }

    @Test(
        "Criteo and Avazu rows land with their holes",
        .enabled(if: TestDatabase.sampleData != nil, "the sample data are not beside the project"))
    func criteoAndAvazu() throws {
        let data = try #require(TestDatabase.sampleData)
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            for (format, file, rows) in [
                (ImportRequest.Format.criteo, "\(data)/criteo/train-7k.tsv.gz", 7_200),
                (.avazu, "\(data)/avazu/train-8k.csv.gz", 8_087),
            ] {
                let request = ImportRequest(
                    format: format, files: [file], prefix: format.rawValue, firstDay: Self.day, days: 3)
                let summary = try LogImporter(request, on: connection).run(file: file) { _ in }
                #expect(summary.impressions + summary.quarantined == rows)
                #expect(summary.quarantined == 0)
            }
        }
    }

    @Test(
        "The six Open Bandit files hold 60,000 impressions and 287 clicks",
        .enabled(if: TestDatabase.sampleData != nil, "the sample data are not beside the project"))
    func openBandit() throws {
        let folder = "\(try #require(TestDatabase.sampleData))/open_bandit"
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            let files = ["bts", "random"].flatMap { policy in
                ["all", "men", "women"].map { "\(folder)/\(policy)-\($0).csv.gz" }
            }
            let request = ImportRequest(format: .openBandit, files: files, firstDay: Self.day)
            let importer = LogImporter(request, on: connection)
            for file in files { #expect(try importer.run(file: file) { _ in }.quarantined == 0) }
            let counts = try connection.execute(
                "SELECT (SELECT count(*) FROM ad_log.impressions) AS i, (SELECT count(*) FROM ad_log.clicks) AS c")
            #expect(try counts.first?.int("i") == 60_000)
            #expect(try counts.first?.int("c") == 287)
        }
    }

    @Test("A header without a named column, or a label that nobody named, is an error before any row")
    func wrongMapping() throws {
        try TestDatabase.run { url in
            try withTemporaryFolder { folder in
                let connection = try TestDatabase.connect(url)
                let file = try Self.write("a,b\n1,2\n", folder, "x.csv")
                for mapping in [CSVMapping(label: "c"), CSVMapping()] {
                    let request = ImportRequest(format: .csv, files: [file], firstDay: Self.day, mapping: mapping)
                    #expect(throws: ImportError.self) {
                        try LogImporter(request, on: connection).run(file: file) { _ in }
                    }
                }
            }
        }
    }
}

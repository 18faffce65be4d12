import CounterRandom
import Days
import Features
import Foundation
import Nets
import RocketServing
import Testing

/// `history.safetensors`: what is looked up in it, and what is refused.
@Suite struct ServedHistoryTests {
    private static let windows = [HistoryWindow(days: 1), HistoryWindow(days: 7), HistoryWindow(halfLifeHours: 72)]
    private static let day = Day(year: 2026, month: 1, day: 14)

    /// Histories of ads as ids, and of users with hours as numbers.
    private static let features: ServedFeatures = {
        var features = [
            Feature(name: "user", column: "user_id", kind: .categorical, hashBits: 6),
            Feature(name: "ad", column: "ad_id", kind: .categorical, hashBits: 6),
            Feature(name: "hour", column: "hour", kind: .hourOfDay),
        ]
        for (of, form) in [(["ad"], HistoryNumber.Form.buckets), (["user", "hour"], .numbers)] {
            for window in windows {
                features += HistoryNumber.Measure.allCases.map { measure in
                    let name = of.joined(separator: "_")
                    return Feature(
                        HistoryNumber(feature: name, of: of, window: window, lag: 2, measure: measure), as: form)
                }
            }
        }
        return ServedFeatures(FeatureSpecification(features: features), timeColumn: "shown_at", timeZone: "UTC")
    }()

    private static func hash(_ name: String, _ text: String) -> UInt64 {
        max(1, FeatureHasher(name: name, hashBits: 6).hash(text))
    }

    private static func table(_ of: [String], _ hashes: [UInt64]) -> ServedHistory.Key {
        var random = CounterRandom(seed: UInt64(of.count))
        let counts = hashes.flatMap { _ in
            windows.flatMap { _ in
                let shown = Float(Int(random.uniform() * 50))
                return [shown, (shown * Float(random.uniform())).rounded(.down)]
            }
        }
        return ServedHistory.Key(
            of: of, leastImpressions: 1,
            windows: windows.enumerated().map {
                .init(window: $1, lag: 2, prior: 0.05 + 0.01 * Double($0), strength: 20)
            }, hashes: hashes, counts: counts)
    }

    /// Counts of ten ads, and of users with hours.
    private static let history: ServedHistory = {
        let ads = (0..<10).map { hash("ad", "ad\($0)") }.sorted()
        let pairs = (0..<200).map { pair in
            let parts = [hash("user", "u\(pair / 20)"), hash("hour", "\(1 + pair % 20)")]
            return max(1, HistoryNumber.keyHasher.hash(crossing: 2) { parts[$0] })
        }.sorted()
        return ServedHistory(asOf: day, keys: [table(["ad"], ads), table(["user", "hour"], pairs)])
    }()

    private static func row(_ user: String?, _ ad: String?, hour: Int) -> [String: RawValue] {
        var row: [String: RawValue] = ["shown_at": .number(1_767_312_000 + Double(hour) * 3_600)]
        if let user { row["user_id"] = .text(user) }
        if let ad { row["ad_id"] = .text(ad) }
        return row
    }

    private static func encoded(
        _ rows: [[String: RawValue]], requestColumns: Set<String> = [], _ history: ServedHistory?
    ) throws -> (request: SparseRows, candidates: SparseRows) {
        let encoder = try FeatureEncoder(features, requestColumns: requestColumns, history: history)
        var (request, candidates) = (encoder.empty(), encoder.empty())
        var raw = RawRows(columns: encoder.candidateColumns, unknownColumns: .ignored)
        for row in rows { try raw.append(row) }
        // Twice: what the last rows had is forgotten.
        for _ in 0..<2 {
            try encoder.encode(
                request: encoder.requestColumns.map { rows[0][$0] ?? .missing }, into: &request)
            try encoder.encode(candidates: raw, of: request, into: &candidates)
        }
        return (request.rows, candidates.rows)
    }

    @Test("Keys of one feature and of several find their counts in every window; unknown and missing ones are missing")
    func lookup() throws {
        let rows = [
            Self.row("u3", "ad4", hour: 7), Self.row("u3", "ad99", hour: 23), Self.row(nil, nil, hour: 7),
        ]
        let found = try Self.encoded(rows, Self.history).candidates
        // After user, ad and hour: three numbers for each window of ads.
        for (position, window) in Self.windows.enumerated() {
            let sums = try #require(Self.history.counts(of: ["ad"], Self.hash("ad", "ad4"), window))
            let rate = SmoothedRate(prior: 0.05 + 0.01 * Double(position), strength: 20)
            let expected = [
                Double(sums.impressions), Double(sums.clicks),
                rate.lift(impressions: sums.impressions, clicks: sums.clicks),
            ]
            for (offset, measure) in HistoryNumber.Measure.allCases.enumerated() {
                let ids = found.fields[3 + 3 * position + offset].ids
                #expect(ids == [QuantileBuckets(boundaries: measure.boundaries).id(expected[offset]), 0, 0])
            }
            let parts = [Self.hash("user", "u3"), Self.hash("hour", "8")]
            let pair = max(1, HistoryNumber.keyHasher.hash(crossing: 2) { parts[$0] })
            let pairSums = try #require(Self.history.counts(of: ["user", "hour"], pair, window))
            #expect(found.numerics[3 * position][0] == Float(log1p(Double(pairSums.impressions))))
            #expect(found.numerics[3 * position + 1][0] == Float(log1p(Double(pairSums.clicks))))
            let lift = rate.lift(impressions: pairSums.impressions, clicks: pairSums.clicks)
            #expect(found.numerics[3 * position + 2][0] == Float(lift))
            #expect(found.numerics[3 * position][1].isNaN && found.numerics[3 * position][2].isNaN)
        }
    }

    @Test(
        "A history is the request's where all of its key is, and the candidate's otherwise",
        arguments: [Set(), ["user_id"], ["user_id", "shown_at"], ["ad_id"], ["ad_id", "shown_at"]])
    func requests(_ columns: Set<String>) throws {
        let rows = (0..<30).map { row in
            Self.row(
                columns.contains("user_id") ? "u3" : "u\(row % 12)",
                columns.contains("ad_id") ? "ad4" : "ad\(row % 12)",
                hour: columns.contains("shown_at") ? 5 : row % 24)
        }
        let whole = try Self.encoded(rows, Self.history).candidates
        let split = try Self.encoded(rows, requestColumns: columns, Self.history)
        for field in whole.fields.indices {
            let ids = split.candidates.fields[field].ids
            #expect(
                ids.isEmpty
                    ? whole.fields[field].ids.allSatisfy { $0 == split.request.fields[field].ids.first }
                    : ids == whole.fields[field].ids)
        }
        for number in whole.numerics.indices {
            let values = split.candidates.numerics[number]
            let all = values.isEmpty ? rows.map { _ in split.request.numerics[number][0] } : values
            #expect(zip(all, whole.numerics[number]).allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) })
        }
    }

    @Test("The file gives the same table, whose bytes are the same")
    func file() throws {
        let bytes = try Self.history.encoded()
        let read = try ServedHistory(bytes)
        #expect(try read.encoded() == bytes)
        let header = 8 + bytes[0..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
        #expect(try ServedHistory.asOf(beginning: Array(bytes.prefix(header))) == Self.day)
        #expect(throws: (any Error).self) { try ServedHistory.asOf(beginning: Array(bytes.prefix(header - 1))) }
        #expect(read.asOf == Self.day && read.lastDay == Self.day.advanced(by: -2))
        let rows = [Self.row("u3", "ad4", hour: 7), Self.row("u9", "ad1", hour: 3)]
        #expect(
            try Self.encoded(rows, read).candidates.fields.map(\.ids)
                == Self.encoded(rows, Self.history).candidates.fields.map(\.ids))
    }

    @Test("Without a table all histories are missing")
    func withoutTable() throws {
        let found = try Self.encoded([Self.row("u3", "ad4", hour: 7)], nil).candidates
        #expect(found.fields[3...].allSatisfy { $0.ids == [0] } && found.numerics.allSatisfy { $0[0].isNaN })
    }

    @Test("A damaged file and one of other histories are refused with a reason")
    func refusals() throws {
        let bytes = try Self.history.encoded()
        #expect(throws: (any Error).self) { try ServedHistory(Array(bytes.prefix(100))) }
        var file = try Safetensors(bytes)
        file.metadata = [:]
        #expect(throws: ServingError.self) { try ServedHistory(file.encoded()) }
        file = try Safetensors(bytes)
        file.integers["0/hashes"]?.values.reverse()
        #expect(throws: ServingError.self) { try ServedHistory(file.encoded()) }
        file = try Safetensors(bytes)
        file.tensors["0/counts"]?.values[3] = -1
        #expect(throws: ServingError.self) { try ServedHistory(file.encoded()) }
        file = try Safetensors(bytes)
        file.tensors["1/counts"] = nil
        #expect(throws: ServingError.self) { try ServedHistory(file.encoded()) }
        file = try Safetensors(bytes)
        file.metadata = file.metadata.mapValues { $0.replacing("\"prior\":0.05", with: "\"prior\":1.5") }
        #expect(throws: ServingError.self) { try ServedHistory(file.encoded()) }
        let other = ServedHistory(asOf: Self.day, keys: [Self.table(["ad"], [7])])
        #expect(throws: ServingError.self) { try FeatureEncoder(Self.features, history: other) }
    }
}

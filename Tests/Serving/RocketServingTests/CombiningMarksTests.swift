import Foundation
import Nets
import RocketServing
import Testing

/// Texts with very long runs of combining marks. Swift orders the marks of a run before it compares or hashes a text.
/// That takes time that grows with the square of their number: at a million marks, minutes. Requests come from outside.
struct CombiningMarksTests {
    /// One character to a reader of Unicode. Each second mark belongs before the one that precedes it.
    private static let text = "e" + String(repeating: "\u{301}\u{323}", count: 1 << 19)

    private static func ranker(_ type: String? = nil, _ unknownColumns: UnknownColumns = .refused) throws -> Ranker {
        var features = Shop.features
        features.otherColumns = ["impression_id"]
        if let type { features.columnTypes = ["ad_id": type] }
        return try Ranker(
            ServingModel(
                model: Shop.model(DenseSpecification([6, 4])).safetensors(),
                features: Array(features.canonicalJSON().utf8)),
            requestColumns: Shop.requestColumns, unknownColumns: unknownColumns)
    }

    /// Seconds that this thread has computed. What it waited for others, on a busy machine minutes, does not count.
    private static func computed() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    private static func problem(_ json: String, _ ranker: Ranker) throws -> ServingError? {
        let begun = computed()
        defer { #expect(computed() - begun < 30, "the time of the marks' square") }
        do throws(ServingError) {
            _ = try ranker.outcomes(json: Array(json.utf8)[...])[0].get()
            return nil
        } catch {
            #expect("\(error)".utf8.count < 4_096)
            return error
        }
    }

    @Test("As a name they are unknown, in little time")
    func names() throws {
        let ranker = try Self.ranker()
        for json in [
            #"{"\#(Self.text)": {}, "candidates": []}"#,
            #"{"request": {"\#(Self.text)": 1}, "candidates": [{"price": 1}]}"#,
            #"{"request": {"age": 30}, "candidates": [{"price": 1, "\#(Self.text)": 2}]}"#,
        ] {
            #expect(try Self.problem(json, ranker) != nil)
        }
        let json = #"{"request": {"age": 30}, "candidates": [{"price": 1, "\#(Self.text)": 2}]}"#
        #expect(try Self.problem(json, Self.ranker(nil, .ignored)) == nil)
        var rows = ranker.emptyRows()
        #expect(throws: ServingError.self) { try rows.append(json: Array("{\"\(Self.text)\": 1}".utf8)[...]) }
    }

    @Test(
        "As a value they are refused where the column's type has no such value, in little time",
        arguments: [
            ("smallint", false), ("uuid", false), ("boolean", false), ("real", false), ("double precision", false),
            ("numeric", false), ("date", false), ("timestamp without time zone", false),
            ("timestamp with time zone", false), ("time without time zone", false), ("time with time zone", false),
            ("interval", false), ("bytea", false), ("bit", false), ("inet", false), ("cidr", false),
            ("macaddr", false), ("text", true), ("character", true),
        ])
    func values(_ type: String, _ isValue: Bool) throws {
        let json = #"{"request": {"age": 30}, "candidates": [{"ad_id": "\#(Self.text)"}]}"#
        #expect(try (Self.problem(json, Self.ranker(type)) == nil) == isValue)
    }

    @Test("As a number, a time or a list they are refused, in little time", arguments: ["age", "shown_at", "tags"])
    func others(_ column: String) throws {
        for json in [
            #"{"request": {"\#(column)": "\#(Self.text)"}, "candidates": [{"price": 1}]}"#,
            #"{"request": {"age": 1}, "candidates": [{"price": "\#(Self.text)"}]}"#,
        ] {
            #expect(try Self.problem(json, Self.ranker()) != nil)
        }
    }

    @Test("Blanks at the end of a padded text are left out, and no others")
    func padded() throws {
        let ranker = try Self.ranker("character")
        func score(_ text: String) throws -> Float {
            let json = #"{"request": {"age": 1}, "candidates": [{"ad_id": "\#(text)"}]}"#
            return try ranker.outcomes(json: Array(json.utf8)[...])[0].get()
        }
        #expect(try score("ad-1") == score("ad-1   ") && score("ünï") == score("ünï "))
        let ids = try ["ad-1", " ad-1", "ad-1\u{a0}", "a d-1"].map { try score($0) }
        #expect(Set(ids).count > 1 && ids[0] != ids[1])
    }
}

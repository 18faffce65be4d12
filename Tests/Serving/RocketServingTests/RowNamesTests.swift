import Features
import Foundation
import Nets
import RocketServing
import Testing

/// Names of columns that a caller spells otherwise than the log.
@Suite struct RowNamesTests {
    private static func ranker(
        _ requestColumns: Set<String> = Shop.requestColumns, _ unknownColumns: UnknownColumns = .refused
    ) throws -> Ranker {
        var features = Shop.features
        features.otherColumns = ["impression_id", "price"]
        return try Ranker(
            ServingModel(
                model: Shop.model(DenseSpecification([6, 4])).safetensors(),
                features: Array(features.canonicalJSON().utf8)),
            requestColumns: requestColumns, unknownColumns: unknownColumns)
    }

    private static let (request, candidate) = (
        Shop.values(3, ofRequest: true), Shop.values(4, ofRequest: false)
    )

    @Test("A mistyped column of a candidate is an error that names the right one, and so is one of the request")
    func mistyped() throws {
        let ranker = try Self.ranker()
        let wrong = ["AdID": RawValue.text("ad-1"), "price": 3]
        let error = #expect(throws: ServingError.self) {
            try ranker.score(request: Self.request, candidates: [Self.candidate, wrong.merging(["Ad_ID": 1]) { $1 }])
        }
        #expect(error?.description.contains("row 1") == true && error?.description.contains("AdID") == true)
        #expect(
            throws: ServingError.unknownName(row: 0, name: "UserID", known: ranker.encoder.requestColumns)
        ) {
            try ranker.score(request: ["UserID": 7, "age": 30], candidates: [Self.candidate])
        }
        for (name, meant) in [("UserId", "user_id"), ("user_Id", "user_id"), ("shownat", "shown_at")] {
            let error = ServingError.unknownName(row: 0, name: name, known: ranker.encoder.requestColumns)
            #expect(error.description.hasSuffix("did you mean \(meant)?"))
        }
    }

    @Test("The other candidates of a mistyped one keep their probabilities")
    func others() throws {
        let ranker = try Self.ranker()
        let good = try ranker.score(request: Self.request, candidates: [Self.candidate])
        let rows = [Self.candidate, ["ad": "ad-1"], Self.candidate, [:]]
        let outcomes = try ranker.outcomes(request: Self.request, candidates: rows)
        for row in [0, 2] { #expect(try abs(outcomes[row].get() - good[0]) < 1e-6) }
        let known = ranker.encoder.candidateColumns
        #expect(outcomes[1] == .failure(.unknownName(row: 1, name: "ad", known: known)))
        #expect(outcomes[3] == .failure(.noColumns(row: 3, known: known)))
    }

    @Test("A column of the other part of a request is an error that says where it belongs")
    func misplaced() throws {
        let ranker = try Self.ranker()
        #expect(throws: ServingError.misplacedColumn(row: 0, column: "price", part: .request)) {
            try ranker.score(request: Self.request.merging(["price": 3]) { $1 }, candidates: [Self.candidate])
        }
        #expect(throws: ServingError.misplacedColumn(row: 0, column: "age", part: .candidates)) {
            try ranker.score(request: Self.request, candidates: [Self.candidate.merging(["age": 3]) { $1 }])
        }
    }

    @Test("A row that names no column is an error, and one whose columns are all null is not")
    func nothing() throws {
        let ranker = try Self.ranker()
        #expect(throws: ServingError.self) { try ranker.score(request: Self.request, candidates: [[:]]) }
        #expect(throws: ServingError.self) { try ranker.score(request: [:], candidates: [Self.candidate]) }
        #expect(throws: ServingError.self) {
            try ranker.score(request: Self.request, candidates: [["impression_id": "i1"]])
        }
        let scores = try ranker.score(request: ["age": .missing], candidates: [["price": .missing]])
        #expect((0...1).contains(scores[0]))
        // Without columns of a request, an empty one is none.
        #expect(try Self.ranker([]).score(request: [:], candidates: [Shop.rows(1)]).count == 1)
    }

    @Test("Columns of the log that no feature reads are ignored, and where it is allowed all other names too")
    func allowed() throws {
        let plain = try Self.ranker().score(request: Self.request, candidates: [Self.candidate])
        let more = Self.candidate.merging(["impression_id": "i1"]) { $1 }
        #expect(try Self.ranker().score(request: Self.request, candidates: [more]) == plain)
        let lenient = try Self.ranker(Shop.requestColumns, .ignored)
        let odd = more.merging(["PRICE": 7, "age": 3]) { $1 }
        #expect(try lenient.score(request: Self.request, candidates: [odd]) == plain)
        #expect(try lenient.score(request: [:], candidates: [[:]]).count == 1)
    }

    @Test("A line of JSON follows the same rules, and a refused one adds no row")
    func lines() throws {
        var rows = try Self.ranker().emptyRows()
        let known = rows.columns
        try rows.append(json: Array(#"{"price": 3, "impression_id": {"a": [1]}}"#.utf8)[...])
        #expect(throws: ServingError.unknownName(row: 1, name: "Price", known: known)) {
            try rows.append(json: Array(#"{"Price": 3, "ad_id": "a"}"#.utf8)[...])
        }
        #expect(throws: ServingError.misplacedColumn(row: 1, column: "age", part: .candidates)) {
            try rows.append(json: Array(#"{"price": 3, "age": 3}"#.utf8)[...])
        }
        #expect(throws: ServingError.noColumns(row: 1, known: known)) { try rows.append(json: Array("{}".utf8)[...]) }
        // What is no JSON is that first of all.
        #expect(throws: ServingError.self) { try rows.append(json: Array(#"{"Price": 3"#.utf8)[...]) }
        #expect(rows.count == 1 && rows.values.allSatisfy { $0.count == 1 })
        var lenient = RawRows(columns: known, unknownColumns: .ignored)
        #expect(try lenient.append(json: Array(#"{"Price": 3}"#.utf8)[...]) == known.map { _ in false })
    }
}

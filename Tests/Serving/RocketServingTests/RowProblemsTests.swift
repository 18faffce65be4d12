import Features
import Foundation
import Nets
import RocketServing
import Testing

/// Rows that cannot be scored, beside rows that can.
@Suite struct RowProblemsTests {
    private static func ranker() throws -> Ranker {
        try Ranker(
            ServingModel(
                model: Shop.model(DenseSpecification([6, 4])).safetensors(),
                features: Array(Shop.features.canonicalJSON().utf8)))
    }

    /// The reason why a value of a column is refused; nil where the row is scored.
    private static func problem(_ column: String, _ value: RawValue) throws -> String? {
        let good = Shop.rows(1)
        let outcomes = try ranker().outcomes(
            request: [:], candidates: [good, good.merging([column: value]) { $1 }, good])
        let alone = try ranker().score(request: [:], candidates: [good])
        // What a product rounds to depends on how many rows it has.
        for good in [outcomes[0], outcomes[2]] { #expect(try abs(good.get() - alone[0]) < 1e-6) }
        switch outcomes[1] {
        case .success(let probability):
            #expect((0...1).contains(probability))
            return nil
        case .failure(let error): return "\(error)"
        }
    }

    @Test(
        "A time outside of 1900 … 2199 is a problem of its row, milliseconds too",
        arguments: [
            .number(1e30), .number(-1e30), .number(.nan), .number(.infinity), .integer(.max), .integer(.min),
            .integer(1_767_638_700_000), .decimal("1e400"), .decimal("18446744073709551615"), "2200-01-01T00:00:00Z",
            "1899-12-31T23:59:59Z", "2026-02-29T00:00:00Z", "2026-01-05 10:00", "", .flag(true), .list([]),
        ] as [RawValue])
    func times(_ value: RawValue) throws {
        let problem = try #require(try Self.problem("shown_at", value))
        #expect(problem.contains("row 1, column shown_at") && problem.contains("1900"))
    }

    @Test(
        "A time is ISO 8601 or PostgreSQL's text with a zone, or seconds",
        arguments: [
            "1900-01-01T00:00:00Z", "2199-12-31T23:59:59.999999Z", "2026-01-05 10:00:00.25+05:30", "2024-02-29T10:00Z",
            "2026-01-05T10:00:00-0330", .integer(0), .number(1_767_638_700.5), .decimal("1767638700.25"), .missing,
        ] as [RawValue])
    func goodTimes(_ value: RawValue) throws {
        #expect(try Self.problem("shown_at", value) == nil)
    }

    @Test("A number for which the model gives no probability is a problem of its row and names its column")
    func overflow() throws {
        // Far from training's mean of 40 ± 12, but within Float32.
        for value in [RawValue.number(3e38), .decimal("-3.4e38"), "3e38"] {
            let problem = try Self.problem("age", value)
            #expect(problem == nil || problem?.contains("column age") == true)
        }
        // The price's logarithm is small whatever it is.
        #expect(try Self.problem("price", .number(1e300)) == nil)
        #expect(try Self.problem("age", .number(1e39))?.contains("32-bit") == true)
        var layout = Shop.layout(Shop.features)
        layout.numerics[0].standardDeviation = 0.5
        let description = ModelDescription(
            layout: layout, nets: NetSpecification(embeddingDim: 4, light: [6, 4], booster: [6, 4, 5]), arm: "rocket",
            sharesEmbeddings: true, sharedLayers: nil)
        var file = try Safetensors(Shop.model(DenseSpecification([6, 4])).safetensors())
        file.metadata[ModelDescription.key] = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        let ranker = try Ranker(
            ServingModel(model: file.encoded(), features: Array(Shop.features.canonicalJSON().utf8)))
        let rows = [3e38, 41].map { age in Shop.rows(1).merging(["age": .number(age)]) { $1 } }
        let outcomes = try ranker.outcomes(request: [:], candidates: rows)
        #expect(throws: ServingError.self) { try outcomes[0].get() }
        #expect(try (0...1).contains(outcomes[1].get()))
        #expect(throws: ServingError.self) { try ranker.score(request: [:], candidates: rows) }
    }

    @Test("Weights that are no numbers give no probability")
    func damaged() throws {
        var file = try Safetensors(Shop.model(DenseSpecification([4])).safetensors())
        file.tensors["light.1.bias"]?.values[0] = .nan
        let ranker = try Ranker(
            ServingModel(model: file.encoded(), features: Array(Shop.features.canonicalJSON().utf8)))
        #expect(throws: ServingError.noProbability(row: 0)) {
            try ranker.score(request: [:], candidates: [Shop.rows(1)])
        }
        var (request, candidates, none) = (ranker.encoder.empty(), ranker.encoder.empty(), [Float]())
        try ranker.encoder.encode(request: [], into: &request)
        var rows = RawRows(columns: ranker.encoder.candidateColumns)
        try rows.append(Shop.rows(1))
        try ranker.encoder.encode(candidates: rows, of: request, into: &candidates)
        #expect(throws: ServingError.room(found: 0, expected: 1)) {
            try ranker.score(request: request, candidates: candidates, into: &none)
        }
    }

    @Test("Of many rows with problems each has its own, and the others their probabilities")
    func many() throws {
        let rows = (0..<2_000 as Range<UInt64>).map { number in
            number % 3 == 0 ? Shop.rows(number).merging(["price": .text("cheap \(number)")]) { $1 } : Shop.rows(number)
        }
        let ranker = try Self.ranker()
        let outcomes = try ranker.outcomes(request: [:], candidates: rows)
        for (number, outcome) in outcomes.enumerated() {
            if number % 3 == 0 {
                let problem = ServingError.value(
                    row: number, column: "price", found: "‘cheap \(number)’", expected: "a finite number")
                #expect(outcome == .failure(problem))
            } else {
                let alone = try ranker.score(request: [:], candidates: [rows[number]])[0]
                #expect(try abs(outcome.get() - alone) < 1e-6)
            }
        }
    }
}

@Suite struct JSONRowTests {
    private static let columns = ["a", "b"]

    private static func read(_ line: String) throws(ServingError) -> [RawValue] {
        try read(Array(line.utf8))
    }

    private static func read(_ line: [UInt8]) throws(ServingError) -> [RawValue] {
        var rows = RawRows(columns: columns, unknownColumns: .ignored)
        try rows.append(json: line[...])
        return rows.values.map { $0[0] }
    }

    @Test("Numbers keep their digits, texts their characters")
    func values() throws {
        #expect(
            try Self.read(#"{"a": 18446744073709551612, "b": 3.30}"#)
                == [.decimal("18446744073709551612"), .decimal("3.30")])
        #expect(try Self.read(#" {"b":-5,"a":"\u00e9\ud83d\ude80\"\\\/\n"} "#) == ["é🚀\"\\/\n", .integer(-5)])
        #expect(
            try Self.read(#"{"a":[1,"x",null,true,[]],"b":null}"#)
                == [.list([.integer(1), "x", .missing, .flag(true), .list([])]), .missing])
        #expect(try Self.read("{}") == [.missing, .missing])
        #expect(try Self.read(#"{"a":-0}"#)[0] == .decimal("-0"))
    }

    @Test("What a needless column holds is passed over")
    func needless() throws {
        let deep = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        #expect(try Self.read(#"{"x":{"a":1,"y":[{},{"z":[]},1e5,false]},"a":7,"w":\#(deep)}"#)[0] == .integer(7))
    }

    @Test(
        "A line that is no row of values is refused",
        arguments: [
            "", "[]", "{", "{\"a\":1", "{\"a\":1}x", "{\"a\":01}", "{\"a\":1.}", "{\"a\":.5}", "{\"a\":+1}",
            "{\"a\":NaN}",
            "{\"a\":'x'}", "{a:1}", "{\"a\":\"\u{1}\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{\"a\":1,}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":{}}", "{\"a\":[{}]}", "{\"a\":[[[1]]]}", "{\"x\":[}", "{\"x\":{\"y\"}}", "{\"a\":tru}",
            "{\"a\":\"x}",
            "{\"x\":\(String(repeating: "[", count: 100_000))",
        ])
    func refused(_ line: String) throws {
        #expect(throws: ServingError.self) { try Self.read(line) }
    }

    @Test("Bytes that are no UTF-8 are refused, wherever they stand")
    func encoding() throws {
        for place in [#"{"a":"?"}"#, #"{"?":1}"#, #"{"x":"?","a":1}"#] {
            let line = Array(place.utf8).map { $0 == UInt8(ascii: "?") ? 0xFF : $0 }
            #expect(throws: ServingError.line(row: 0, "it is not UTF-8")) { try Self.read(line) }
        }
    }
}

@Suite struct HostileModelTests {
    /// The description of a small model, changed.
    private static func file(_ change: (inout ModelDescription) -> Void) throws -> [UInt8] {
        var file = try Safetensors(Shop.model(DenseSpecification([6, 4])).safetensors())
        var description = try ModelDescription(file)
        change(&description)
        file.metadata[ModelDescription.key] = String(decoding: try JSONEncoder().encode(description), as: UTF8.self)
        return try file.encoded()
    }

    private static let changes: [(String, @Sendable (inout ModelDescription) -> Void)] = [
        ("a million million ids", { $0.layout.fields[0].rows = 1_000_000_000_000 }),
        ("2^62 ids", { $0.layout.fields[0].rows = 1 << 62 }), ("-5 ids", { $0.layout.fields[0].rows = -5 }),
        ("no ids", { $0.layout.fields[0].rows = 0 }), ("one id less", { $0.layout.fields[0].rows -= 1 }),
        ("dimension -1", { $0.layout.fields[0].dim = -1 }), ("dimension 2^40", { $0.layout.fields[0].dim = 1 << 40 }),
        ("embedding dimension 0", { $0.nets.embeddingDim = 0 }),
        ("embedding dimension max", { $0.nets.embeddingDim = .max }),
        ("width -1", { $0.nets.light.hidden[0] = -1 }), ("width 2^40", { $0.nets.light.hidden[0] = 1 << 40 }),
        ("width 0", { $0.nets.light.hidden[1] = 0 }), ("booster width", { $0.nets.booster.hidden[0] = .max }),
        ("many layers", { $0.nets.light.hidden = [Int](repeating: 4, count: 100_000) }),
        ("cross layers", { $0.nets.light.crossLayers = .max }),
        ("cross layers below 0", { $0.nets.light.crossLayers = -1 }),
        ("shared layers", { $0.sharedLayers = 1 << 40 }), ("shared layers below 0", { $0.sharedLayers = -1 }),
        ("dropout", { $0.nets.light.dropout = 1.5 }), ("a table of nobody", { $0.layout.fields[0].table = "nobody" }),
        ("a table of itself", { $0.layout.fields[0].table = $0.layout.fields[0].name }),
        ("a smaller table", { $0.layout.fields[0].table = $0.layout.fields[1].name }),
        ("another's table", { $0.layout.fields.swapAt(0, 1) }),
        ("a name twice", { $0.layout.fields[0].name = $0.layout.fields[1].name }),
        ("a rule", { $0.layout.fields[0].admission = IDAdmission(minimumCount: 2) }),
        ("a spread of 0", { $0.layout.numerics[0].standardDeviation = 0 }),
        ("linear weights", { $0.nets.light.linear = true }),
        ("a table of ids", { $0.layout.fields[0].hasIDTable = true }),
        (
            "a table of ids without rows",
            {
                $0.layout.fields[0].hasIDTable = true
                $0.layout.fields[0].rows = 1
            }
        ),
    ]

    @Test("A description that does not fit its tensors or itself is refused", arguments: changes.indices)
    func refused(_ number: Int) throws {
        let model = try Self.file(Self.changes[number].1)
        let features = Array(try Shop.features.canonicalJSON().utf8)
        let error = #expect(throws: (any Error).self, "\(Self.changes[number].0)") {
            try ServingModel(model: model, features: features)
        }
        #expect(error is SafetensorsError || error is ServingError)
    }

    @Test("features.json that contradicts itself is refused by name")
    func features() throws {
        let changes: [(inout ServedFeatures) -> Void] = [
            { $0.features[0].hashBits = 63 }, { $0.features[0].hashBits = -1 },
            { $0.features[1].name = $0.features[0].name },
            { $0.features[9].crossed = ["user_ad", "ad"] }, { $0.features[9].crossed = ["nobody", "ad"] },
            { $0.features[9].crossed = nil }, { $0.features[8].boundaries = (0..<50).map(Double.init) },
            { $0.features[8].boundaries = [3, 2, 1] }, { $0.features[8].buckets = .max },
            { $0.features[6].table = "hour" },
            { $0.features[0].column = "" },
        ]
        for change in changes {
            var served = Shop.features
            change(&served)
            #expect(throws: ServingError.self) { try FeatureEncoder(served) }
        }
    }

    @Test("Tensors that overlap, or leave bytes out, are refused")
    func overlaps() throws {
        let header =
            #"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"#
            + #""b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#
        func file(_ header: String, _ data: Int) -> [UInt8] {
            (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) } + header.utf8
                + [UInt8](repeating: 0, count: data)
        }
        #expect(throws: SafetensorsError.self) { try Safetensors(file(header, 4)) }
        let right = header.replacingOccurrences(
            of: #""shape":[1],"data_offsets":[0,4]}}"#, with: #""shape":[1],"data_offsets":[4,8]}}"#)
        #expect(try Safetensors(file(right, 8)).tensors.count == 2)
        #expect(throws: SafetensorsError.self) { try Safetensors(file(right, 12)) }
    }
}

import Arrays
import CounterRandom
import Foundation
import Testing

@testable import Nets

/// Scoring with fields by ids beside the products of whole rows.
@Suite struct ScoringTests {
    static let layout = InputLayout(
        fields: [
            FieldShape(name: "few", rows: 5, multiValued: false),
            FieldShape(name: "mean", rows: 9, multiValued: true, dim: 3, pooling: .mean),
            FieldShape(name: "sum", rows: 40, multiValued: true),
            FieldShape(name: "many", rows: 3_000, multiValued: false),
            FieldShape(name: "again", rows: 5, multiValued: false, table: "few"),
        ], numerics: [NumericShape(name: "n", mean: 0, standardDeviation: 2)])

    /// Nets whose first layer is their own or the trunk's, and one that needs whole rows.
    static let nets: [(net: DenseSpecification, trunk: Int)] = [
        (DenseSpecification([50, 16]), 0), (DenseSpecification([130, 64, 8], linear: true), 1),
        (DenseSpecification([64], activation: .prelu, batchNorm: true), 0),
        (DenseSpecification([], linear: true), 0), (DenseSpecification([16], crossLayers: 1), 0),
    ]

    static func branch(_ specification: DenseSpecification, trunk layers: Int) -> Branch {
        let tables = EmbeddingTables(layout: layout, dim: 4)
        tables.initialise(seed: 1, stream: 9, deviation: 0.5)
        let trunk =
            layers == 0
            ? nil : DenseNet(input: tables.inputWidth, specification.trunk(layers), end: .hiddenLayer)
        trunk?.initialise(seed: 4, stream: 5, logitBias: 0)
        let dense = DenseNet(input: trunk?.outputWidth ?? tables.inputWidth, specification.above(trunk: layers))
        dense.initialise(seed: 1, stream: 2, logitBias: -1)
        let linear = specification.linear ? LinearPart(layout: layout, ftrl: FTRL()) : nil
        linear?.tables.initialise(seed: 6, stream: 7, deviation: 0.1)
        // As a kept net: tables for scoring have no numbering of their own.
        return Branch(embeddings: tables, trunk: trunk, dense: dense, linear: linear).copy()
    }

    static func rows(_ count: Int, seed: UInt64) -> SparseRows {
        var random = CounterRandom(seed: seed)
        func ids(below rows: Int) -> [UInt32] { (0..<count).map { _ in UInt32(random.next() % UInt64(rows)) } }
        func lists(below rows: UInt64) -> FieldIDs {
            var (list, offsets): ([UInt32], [UInt32]) = ([], [0])
            for _ in 0..<count {
                list += (0..<random.next() % 4).map { _ in UInt32(random.next() % rows) }
                offsets.append(UInt32(list.count))
            }
            return FieldIDs(ids: list, offsets: offsets)
        }
        return SparseRows(
            count: count,
            fields: [
                FieldIDs(ids: ids(below: 5)), lists(below: 9), lists(below: 40), FieldIDs(ids: ids(below: 3_000)),
                FieldIDs(ids: ids(below: 5)),
            ], numerics: [(0..<count).map { $0 % 7 == 0 ? .nan : Float(random.normal()) }])
    }

    static func logits(
        _ branch: Branch, _ rows: SparseRows, _ cost: FirstLayerCost
    ) -> (logits: [Float], byIDs: Double) {
        let scorer = BranchScorer(branch)
        scorer.choose(cost)
        // The second time what an earlier, larger batch leaves behind is met.
        scorer.score(Self.rows(rows.count + 300, seed: 77))
        scorer.score(rows)
        return ((0..<rows.count).map { scorer.logits[$0] }, scorer.shareByIDs)
    }

    @Test(
        "Logits by ids are those by rows, in batches of one part and of several", arguments: nets, [1, 300, 1_300])
    func equals(_ net: (net: DenseSpecification, trunk: Int), _ count: Int) {
        let (branch, rows) = (Self.branch(net.net, trunk: net.trunk), Self.rows(count, seed: 3))
        let plain = Self.logits(branch, rows, .byRows)
        #expect(plain.byIDs == 0)
        for (cost, share) in [(FirstLayerCost.nothing, 1.0), (FirstLayerCost(narrow: 5, addition: 0, call: 0), 0.8)] {
            let found = Self.logits(branch, rows, cost)
            if net.net.crossLayers > 0 { #expect(found.byIDs == 0) } else if count > 1 { #expect(found.byIDs == share) }
            let probabilities = [plain.logits, found.logits].map { $0.map { 1 / (1 + exp(-Double($0))) } }
            let worst = zip(probabilities[0], probabilities[1]).map { abs($0 - $1) }.max() ?? 1
            #expect(worst < 1e-6, "\(worst)")
        }
        #expect(Set(plain.logits).count > count / 2 && plain.logits.allSatisfy(\.isFinite))
    }

    @Test("Parts of a batch on several threads give the same bits as on one")
    func threads() {
        let (branch, rows) = (Self.branch([130, 16], trunk: 0), Self.rows(1_300, seed: 4))
        let logits = [1, 3].map { threads in
            let scorer = BranchScorer(branch, lines: 1_300)
            scorer.choose(.nothing)
            let parallel = Parallel(threads: threads)
            scorer.prepare(rows, parallel)
            parallel.perform(parts: 7) { scorer.score(rows, 1_300 * $0 / 7..<1_300 * ($0 + 1) / 7) }
            return (0..<1_300).map { scorer.logits[$0].bitPattern }
        }
        #expect(logits[0] == logits[1])
    }

    @Test("In a day's batches fields of few ids go by ids, and one with an id of its own in each row does not")
    func choice() {
        let layout = InputLayout(
            fields: ["few", "many"].map { FieldShape(name: $0, rows: 5_000, multiValued: false) }, numerics: [])
        let tables = EmbeddingTables(layout: layout, dim: 16)
        let net = DenseNet(input: 32, [64])
        let scorer = BranchScorer(Branch(embeddings: tables, trunk: nil, dense: net, linear: nil))
        let rows = SparseRows(
            count: BranchScorer.batch,
            fields: [
                FieldIDs(ids: (0..<4_096).map { UInt32($0 % 9) }), FieldIDs(ids: (0..<4_096).map { UInt32($0) }),
            ], numerics: [])
        scorer.score(rows)
        #expect(scorer.shareByIDs == 0.5)
        // So few rows are not worth a call of the matrix library.
        scorer.score(SparseRows(count: 10, fields: rows.fields, numerics: []))
        #expect(scorer.shareByIDs == 0)
    }

    @Test(
        "Ids are numbered in the order in which they first come, batch after batch",
        arguments: [0, Int32.max - 2_500])
    func numbers(_ base: Int32) {
        let numbers = IDNumbers(base: base)
        var random = CounterRandom(seed: 5)
        for (count, rows) in [(1_000, 40), (0, 1), (1, 1), (1_000, 3), (3_000, 1 << 20), (500, 1 << 20)] {
            // Multiples of a power of two, which plain hashing by the lowest bits would put in one place.
            let ids = (0..<count).map { _ in UInt32(random.next() % UInt64(rows)) << 10 }
            var (distinct, slots) = ([UInt32](), [Int32](repeating: -1, count: count))
            numbers.number(ids[...], below: rows << 10, into: &distinct, &slots)
            var expected: [UInt32] = []
            for id in ids where !expected.contains(id) { expected.append(id) }
            #expect(distinct == expected)
            #expect(zip(ids, slots).allSatisfy { expected[Int($1)] == $0 })
        }
    }
}

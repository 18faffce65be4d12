import Arrays
import CounterRandom
import Testing

@testable import Nets

/// A first layer by ids beside the products of whole rows.
@Suite struct FirstLayerTests {
    /// One field with few ids, one of several with their mean, one with an id of its own in each row, and a number.
    static let layout = InputLayout(
        fields: [
            FieldShape(name: "few", rows: 5, multiValued: false),
            FieldShape(name: "list", rows: 9, multiValued: true, dim: 3, pooling: .mean),
            FieldShape(name: "many", rows: 200, multiValued: false),
        ], numerics: [NumericShape(name: "n", mean: 0, standardDeviation: 2)])

    struct World {
        let tables = EmbeddingTables(layout: layout, dim: 4)
        let rows: Int
        let net: DenseNet
        let ids: [FieldIDs]
        let numbers: [Float]
        let occurrences = layout.fields.map { _ in FieldOccurrences() }

        /// - Parameter out: width of the first layer.
        init(rows: Int, out: Int) {
            var random = CounterRandom(seed: 3)
            self.rows = rows
            net = DenseNet(input: tables.inputWidth, DenseSpecification([out]))
            net.initialise(seed: 1, stream: 2, logitBias: 0)
            tables.initialise(seed: 1, stream: 9, deviation: 1)
            var (list, offsets): ([UInt32], [UInt32]) = ([], [0])
            for _ in 0..<rows {
                list += (0..<random.next() % 4).map { _ in UInt32(random.next() % 9) }
                offsets.append(UInt32(list.count))
            }
            ids = [
                FieldIDs(ids: (0..<rows).map { _ in UInt32(random.next() % 5) }),
                FieldIDs(ids: list, offsets: offsets),
                FieldIDs(ids: (0..<rows).map { UInt32($0) }),
            ]
            numbers = (0..<rows).map { $0 % 7 == 0 ? .nan : Float(random.normal()) }
            for field in 0..<3 { tables.find(field: field, ids, rows: rows, into: occurrences) }
        }

        /// The whole input `[rows, in]`.
        var x: FloatArray {
            let x = FloatArray(count: rows * tables.inputWidth)
            for field in 0..<3 { tables.gather(field: field, ids[field], rows: 0..<rows, into: x) }
            for row in 0..<rows {
                let place = (row + 1) * tables.inputWidth - 2
                (x[place], x[place + 1]) = FirstLayerTests.layout.numerics[0].input(numbers[row])
            }
            return x
        }
    }

    static func close(_ found: FloatArray, _ expected: FloatArray, _ what: String, within limit: Float = 2e-5) {
        let distance = zip(found.values, expected.values).reduce(Float(0)) { max($0, abs($1.0 - $1.1)) }
        #expect(found.count == expected.count && distance < limit, "\(what): \(distance)")
    }

    /// Widths that fill blocks, and that leave a part of one.
    @Test(
        "Sums and gradients are those of whole rows", arguments: [1, 16, 50, 64, 130],
        [FirstLayerCost(narrow: 0, addition: 0, call: 0), FirstLayerCost(narrow: 1.5, addition: 0, call: 0)])
    func equals(_ out: Int, _ cost: FirstLayerCost) throws {
        let world = World(rows: 40, out: out)
        let (net, tables, x, rows) = (world.net, world.tables, world.x, world.rows)
        let dx = FloatArray(count: x.count)
        let slices = [0..<13, 13..<40]
        let pass = { DenseNet.Pass.training(slice: $0, dropout: DenseNet.Dropout()) }
        let plain = DenseNet.Workspace(net, rows: rows, slices: 2)
        for (slice, range) in slices.enumerated() { net.forward(x, rows: range, plain, pass(slice)) }
        for row in 0..<rows { plain.outputGradient[row] = Float(row % 5) - 2 }
        for (slice, range) in slices.enumerated() {
            net.backward(x, rows: range, slice: slice, plain, input: .written(dx))
        }
        let expected = FloatArray(count: net.parameters.count)
        for part in net.parts { net.gradient(of: part, x, rows: rows, plain, into: expected) }

        let layer = try #require(FirstLayer(net, tables, trainsInput: true, rows: 40, type: .f32))
        layer.cost = cost
        let byIDs = DenseNet.Workspace(net, rows: rows, slices: 2)
        let found = FloatArray(count: net.parameters.count)
        // Twice, so that what the first batch leaves behind is met.
        for _ in 0..<2 {
            layer.plan(world.ids, world.occurrences, rows: rows)
            for block in 0..<layer.blocks { layer.forward(block: block, rows: rows, byIDs) }
            let batch = SparseRows(count: rows, fields: world.ids, numerics: [world.numbers])
            for (slice, range) in slices.enumerated() {
                layer.gather(batch, range)
                net.forward(x, rows: range, byIDs, pass(slice), first: layer)
            }
            byIDs.outputGradient.copy(plain.outputGradient)
            for row in 0..<rows { byIDs.outputGradient[row] = Float(row % 5) - 2 }
            for (slice, range) in slices.enumerated() {
                net.backward(x, rows: range, slice: slice, byIDs, input: .byIDs(layer))
            }
            for block in 0..<layer.blocks { layer.backward(block: block, rows: rows, byIDs, into: found) }
            for part in net.parts { net.gradient(of: part, x, rows: rows, byIDs, into: found, first: layer) }
        }
        #expect(layer.shareByIDs == (cost.narrow == 0 ? 1 : 2.0 / 3))
        Self.close(byIDs.output, plain.output, "logits")
        Self.close(found, expected, "W", within: 1e-4)
        let gradients = InputGradients(rows: dx)
        let idGradients = InputGradients(size: 0)
        idGradients.add(layer)
        for field in 0..<3 {
            var sums: [Int: [Float]] = [:]
            let dim = tables.dims[field]
            tables.forEachGradient(field: field, world.occurrences, gradients) { id, gradient in
                sums[id] = (0..<dim).map { gradient[$0] }
            }
            var count = 0
            tables.forEachGradient(field: field, world.occurrences, idGradients) { id, gradient in
                count += 1
                for column in 0..<dim { #expect(abs(gradient[column] - (sums[id]?[column] ?? .nan)) < 1e-4) }
            }
            #expect(count == sums.count && count == world.occurrences[field].count)
        }
    }

    @Test("A field that no row of a batch has is by rows, so that its weights' gradient is 0 and not an earlier one's")
    func noIDs() throws {
        let world = World(rows: 40, out: 32)
        let layer = try #require(FirstLayer(world.net, world.tables, trainsInput: true, rows: 40, type: .f32))
        layer.cost = FirstLayerCost(narrow: 0, addition: 0, call: 0)
        var ids = world.ids
        ids[1] = FieldIDs(ids: [], offsets: [UInt32](repeating: 0, count: 41))
        for field in 0..<3 { world.tables.find(field: field, ids, rows: 40, into: world.occurrences) }
        layer.plan(ids, world.occurrences, rows: 40)
        #expect(layer.byIDs.map(\.field) == [0, 2] && layer.byRows.map(\.field) == [1])
        let workspace = DenseNet.Workspace(world.net, rows: 40, slices: 1)
        for block in 0..<layer.blocks { layer.forward(block: block, rows: 40, workspace) }
        layer.gather(SparseRows(count: 40, fields: ids, numerics: [world.numbers]), 0..<40)
        workspace.deltas[0].lend { $0.update(repeating: 1, count: workspace.deltas[0].count) }
        let gradient = FloatArray([Float](repeating: 7, count: world.net.parameters.count))
        for block in 0..<layer.blocks { layer.backward(block: block, rows: 40, workspace, into: gradient) }
        for part in world.net.parts where part.layer == 0 {
            world.net.gradient(of: part, FloatArray(count: 0), rows: 40, workspace, into: gradient, first: layer)
        }
        for line in 4..<7 { #expect((0..<32).allSatisfy { gradient[line * 32 + $0] == 0 }) }
        #expect(gradient[0] != 7)
    }

    @Test(
        "A field's way follows from its distinct ids and the layer's width; nothing goes by ids where there are no rows"
    )
    func choice() throws {
        let world = World(rows: 40, out: 32)
        let layer = try #require(FirstLayer(world.net, world.tables, trainsInput: true, rows: 40, type: .f32))
        func share(_ cost: FirstLayerCost, rows: Int = 40) -> Double {
            layer.cost = cost
            layer.plan(world.ids, world.occurrences, rows: rows)
            return layer.shareByIDs
        }
        #expect(share(FirstLayerCost(narrow: 1.01, addition: 0, call: 0)) == 2.0 / 3)
        #expect(share(FirstLayerCost(narrow: 0, addition: 0, call: 0)) == 1)
        #expect(share(FirstLayerCost(narrow: 0, addition: 0, call: 1e9)) == 0)
        #expect(share(FirstLayerCost(narrow: 0, addition: 13, call: 0)) == 0)
        #expect(share(FirstLayerCost(narrow: 0, addition: 0, call: 0), rows: 0) == 0 && !layer.isByIDs)
        let crosses = DenseNet(input: world.tables.inputWidth, DenseSpecification([8], crossLayers: 1))
        #expect(FirstLayer(crosses, world.tables, trainsInput: true, rows: 40, type: .f32) == nil)
    }

    @Test("Sums of chosen lines are those of a plain loop, whatever the width", arguments: [16, 32, 48, 64])
    func sums(_ lineWidth: Int) {
        var random = CounterRandom(seed: 7)
        let lines = (0..<10 * lineWidth).map { _ in Float(random.normal()) }
        let starts: [Int32] = [0, 3, 3, 8]
        let places: [Int32] = [9, 0, 4, 1, 1, 7, 2, 9]
        let shares = places.map { _ in Float(random.uniform()) }
        for (width, usesShares) in [(lineWidth, false), (lineWidth, true), (lineWidth - 5, true)] {
            var sums = [Float](repeating: .nan, count: 3 * 70)
            Kernels.sumLines(
                lines, lineWidth: lineWidth,
                Kernels.LineEntries(rows: 3, starts: starts, places: places, shares: usesShares ? shares : nil),
                into: &sums, strideSums: 70, width: width)
            for row in 0..<3 {
                for column in 0..<70 {
                    var expected: Float = column < width ? 0 : .nan
                    for entry in Int(starts[row])..<Int(starts[row + 1]) where column < width {
                        expected += (usesShares ? shares[entry] : 1) * lines[Int(places[entry]) * lineWidth + column]
                    }
                    let found = sums[row * 70 + column]
                    #expect(found == expected || (found.isNaN && expected.isNaN))
                }
            }
        }
    }
}

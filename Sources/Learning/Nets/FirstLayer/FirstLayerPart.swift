import Arrays

/// What some features bring to the first product of a net, x · W: the sum over their columns of x.
///
/// A field of few ids keeps a row of sums, `embedding · W`, for each of them, so that its part is looked up and not
/// computed. The others' columns are gathered and multiplied by their lines of W.
final class FirstLayerPart {
    private let tables: EmbeddingTables
    private let output: Int
    private let gathered: [(field: Int, offset: Int)]
    private let numerics: [(index: Int, shape: NumericShape, offset: Int)]
    /// Width of the gathered columns, and their lines of W `[width, out]`.
    private let width: Int
    private let weights: FloatArray
    private let x: FloatArray
    /// `weights` and `x` rounded to bf16; empty without it.
    private let roundedWeights, roundedX: BFloat16Array
    /// Rows of sums `[ids, out]`, field after field, and where each field's begin.
    private let sums: FloatArray
    private let projected: [(field: Int, start: Int)]
    /// What a core keeps near itself. Sums that lie further away are worth it only where they are hardly wider than the
    /// embeddings: fetching a wide row then takes longer than the product that it saves.
    private static let nearBytes = 1 << 20

    /// - Parameters:
    ///   - fields, numerics: whose part it is.
    ///   - rows: the most that come at a time.
    ///   - tableBytes: the most that rows of sums may take together.
    init(
        _ tables: EmbeddingTables, _ net: DenseNet, fields: [Int], numerics numericIndices: [Int], rows: Int,
        type: DenseType, tableBytes: Int
    ) {
        self.tables = tables
        let layout = tables.layout
        let output = net.shape(0)[1]
        self.output = output
        var (floats, chosen) = (0, Set<Int>())
        for field in fields.sorted(by: { layout.fields[$0].storedRows < layout.fields[$1].storedRows }) {
            let sum = floats + layout.fields[field].storedRows * output
            let isCheap = 4 * sum <= Self.nearBytes || output <= 2 * tables.dims[field]
            guard 4 * sum <= tableBytes, isCheap else { continue }
            floats = sum
            chosen.insert(field)
        }
        var (offset, gathered, lines) = (0, [(field: Int, offset: Int)](), [Int]())
        for field in fields where !chosen.contains(field) {
            gathered.append((field, offset))
            lines += tables.offsets[field]..<tables.offsets[field] + tables.dims[field]
            offset += tables.dims[field]
        }
        let numericStart = tables.inputWidth - 2 * layout.numerics.count
        numerics = numericIndices.enumerated().map { position, index in
            lines += [numericStart + 2 * index, numericStart + 2 * index + 1]
            return (index, layout.numerics[index], offset + 2 * position)
        }
        self.gathered = gathered
        width = offset + 2 * numericIndices.count
        let weights = FloatArray(count: width * output)
        for (line, source) in lines.enumerated() {
            for column in 0..<output {
                weights[line * output + column] = net.parameters[net.weights(0).lowerBound + source * output + column]
            }
        }
        self.weights = weights
        x = FloatArray(count: rows * width)
        roundedWeights = BFloat16Array(count: type == .bf16 ? weights.count : 0)
        roundedX = BFloat16Array(count: type == .bf16 ? x.count : 0)
        if type == .bf16 { roundedWeights.round(weights, 0..<weights.count) }

        var (start, projected) = (0, [(field: Int, start: Int)]())
        for field in fields where chosen.contains(field) {
            projected.append((field, start))
            start += layout.fields[field].storedRows * output
        }
        self.projected = projected
        sums = FloatArray(count: start)
        for (field, start) in projected { project(field, to: start, net) }
    }

    /// sums [ids, out] = embeddings [ids, dim] · lines of W [dim, out]
    private func project(_ field: Int, to start: Int, _ net: DenseNet) {
        let (rows, dim) = (tables.layout.fields[field].storedRows, tables.dims[field])
        lending(sums, tables.tables[field], net.parameters) { sums, table, parameters in
            let lines = parameters + (net.weights(0).lowerBound + tables.offsets[field] * output)
            Kernels.multiply(table, lines, into: sums + start, m: rows, n: output, k: dim)
        }
    }

    /// Writes the part of some rows to `target` `[rows, out]`, whose first line is the first of these rows'.
    func write(_ rows: SparseRows, _ range: Range<Int>, to target: FloatArray) {
        if width > 0 { multiply(rows, range, into: target) } else { target.clear(0..<range.count * output) }
        addProjected(rows, range, to: target)
    }

    private func multiply(_ rows: SparseRows, _ range: Range<Int>, into target: FloatArray) {
        for (field, offset) in gathered {
            let place = InputPlace(width: width, offset: offset, firstRow: range.lowerBound)
            tables.gather(field: field, rows.fields[field], rows: range, into: x, place)
        }
        x.lend { x in
            for (index, shape, offset) in numerics {
                for row in range {
                    let place = (row - range.lowerBound) * width + offset
                    (x[place], x[place + 1]) = shape.input(rows.numerics[index][row])
                }
            }
        }
        let isRounded = roundedX.count > 0
        if isRounded { roundedX.round(x, 0..<range.count * width) }
        if isRounded {
            lending(roundedX, roundedWeights, target) { x, weights, target in
                Kernels.multiply(x, weights, into: target, m: range.count, n: output, k: width)
            }
        } else {
            lending(x, weights, target) { x, weights, target in
                Kernels.multiply(x, weights, into: target, m: range.count, n: output, k: width)
            }
        }
    }

    private func addProjected(_ rows: SparseRows, _ range: Range<Int>, to target: FloatArray) {
        lending(target, sums) { target, sums in
            for row in range {
                let line = target + ((row &- range.lowerBound) &* output)
                for (field, start) in projected {
                    let ids = rows.fields[field]
                    let shape = tables.layout.fields[field]
                    let places = ids.range(row)
                    let share = shape.pooling == .mean && places.count > 1 ? 1 / Float(places.count) : 1
                    for place in places {
                        let id = Int(ids.ids[place])
                        precondition(id < shape.storedRows)
                        Kernels.add(share, times: sums + (start &+ id &* output), into: line, count: output)
                    }
                }
            }
        }
    }
}

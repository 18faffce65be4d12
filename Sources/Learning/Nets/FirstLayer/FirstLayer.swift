import Arrays

/// The first layer of a net whose input is embeddings: in a batch, a field with few distinct ids goes through it once
/// per id instead of once per row.
///
/// With E `[ids, dim]` the embeddings of a field's distinct ids, W `[dim, out]` its lines of the weights and y
/// `[batch, out]` the layer's sums:
///
///     P = E · W                  y[row] += P[id of row]
///     dP[id] = Σ dy[rows of id]    dW = Eᵀ · dP    dE = dP · Wᵀ
///
/// which are the same sums in another order. Fields that are cheaper by rows (`FirstLayerCost`), and numerics, are
/// gathered side by side and go through the layer as one narrower product.
///
/// Columns of the layer are independent, so the work by ids is cut into blocks of them, whose P lies in a core's own
/// cache; each block is computed by one thread. A layer of crosses needs whole input rows and stays by rows.
public final class FirstLayer: @unchecked Sendable {
    let net: DenseNet
    let tables: EmbeddingTables
    let isRounded: Bool
    /// By which fields' ways are chosen.
    package var cost: FirstLayerCost
    /// Whether the tables are trained by this net.
    package let trainsInput: Bool
    /// Whether rows only go forward.
    private var isForScoring = false
    let width: Int
    /// The most rows of the narrower input that there are at a time.
    private let lines: Int

    /// What a batch's fields are to the layer.
    private(set) var byIDs: [FieldByIDs] = []
    private(set) var byRows: [FieldByRows] = []
    private var idPlaces: [Int?], rowPlaces: [Int?]
    /// Distinct ids of all fields by ids, and the floats of their embeddings.
    private(set) var places = 0, floats = 0
    /// Columns of the narrower input, and the line of the weights that each belongs to.
    private(set) var restWidth = 0
    private(set) var restLines: [Int] = []
    /// The batch's values by row, as entries of `Kernels.sumLines`.
    private(set) var starts: [Int32] = [], entries: [Int32] = []
    private(set) var shares: [Float] = []
    private(set) var hasShares = false
    private var next: [Int32] = []

    /// E of all fields, and for each block of columns what it adds to dE. `[blocks][floats]`
    let embeddings = GrowingFloats(), gradients = GrowingFloats()
    /// The narrower input `[batch, restWidth]` with its gradient, and its weights `[restWidth, out]` with theirs.
    let rest, restGradient: GrowingFloats
    let restWeights = GrowingFloats(), restWeightGradient = GrowingFloats()
    let roundedRest = GrowingBFloat16(), roundedRestWeights = GrowingBFloat16()
    /// P, dP and dy of a block, as many as threads work at once.
    let scratch = ScratchFloats()

    /// Lines of a block that a thread keeps, 64 MiB of them: with very large batches later fields stay by rows.
    private static let mostPlaces = (64 << 20) / (4 * Kernels.widestLine)

    /// A field by ids.
    struct FieldByIDs {
        var occurrences: FieldOccurrences
        var field: Int
        var dim: Int
        /// Its first line of the weights, its first distinct id among all, and where its embeddings begin.
        var line, place, start: Int
    }

    /// A field by rows, and its first column of the narrower input.
    struct FieldByRows {
        var field: Int
        var column: Int
    }

    /// - Parameters:
    ///   - net: whose first layer it is; nil where that is a layer of crosses.
    ///   - tables: that it reads.
    ///   - trainsInput: whether they are trained by this net.
    ///   - rows: the most rows a batch will have.
    package init?(_ net: DenseNet, _ tables: EmbeddingTables, trainsInput: Bool, rows: Int, type: DenseType) {
        guard let first = net.stack.first, !first.isCross else { return nil }
        self.net = net
        self.tables = tables
        self.trainsInput = trainsInput
        cost = FirstLayerCost(type)
        lines = rows
        rest = GrowingFloats(most: rows * tables.inputWidth)
        restGradient = GrowingFloats(most: rows * tables.inputWidth)
        isRounded = type == .bf16 && first.activation != nil
        width = first.output
        idPlaces = [Int?](repeating: nil, count: tables.dims.count)
        rowPlaces = idPlaces
    }

    /// The layer of a net that scores, by ids and by rows in Float32.
    ///
    /// - Parameter lines: the most rows that are gathered at a time; a batch may have more.
    convenience init?(scoring net: DenseNet, _ tables: EmbeddingTables, lines: Int) {
        self.init(net, tables, trainsInput: false, rows: lines, type: .f32)
        isForScoring = true
        cost = .scoring
    }

    /// Whether some field of the batch goes by ids; otherwise the layer is as any other, and this has no part in it.
    package var isByIDs: Bool { !byIDs.isEmpty }
    /// Blocks of columns that `forward` and `backward` are called for.
    package var blocks: Int { (width + Kernels.widestLine - 1) / Kernels.widestLine }
    /// Share of the fields that go by ids.
    package var shareByIDs: Double { Double(byIDs.count) / Double(max(1, byIDs.count + byRows.count)) }

    /// Chooses each field's way for a batch, and makes room.
    package func plan(_ ids: [FieldIDs], _ occurrences: [FieldOccurrences], rows: Int) {
        byIDs.removeAll(keepingCapacity: true)
        byRows.removeAll(keepingCapacity: true)
        (places, floats, restWidth, hasShares) = (0, 0, 0, false)
        for field in occurrences.indices {
            let (found, dim) = (occurrences[field], tables.dims[field])
            (idPlaces[field], rowPlaces[field]) = (nil, nil)
            // A field without any id is by rows, where its products write zeros.
            if found.count > 0, places + found.count <= Self.mostPlaces,
                cost.isCheaperByIDs(found, rows: rows, dim: dim, out: width, blocks: blocks)
            {
                idPlaces[field] = byIDs.count
                byIDs.append(
                    FieldByIDs(
                        occurrences: found, field: field, dim: dim, line: tables.offsets[field], place: places,
                        start: floats))
                places += found.count
                floats += found.count * dim
                hasShares = hasShares || found.hasShares
            } else {
                rowPlaces[field] = byRows.count
                byRows.append(FieldByRows(field: field, column: restWidth))
                restWidth += dim
            }
        }
        guard isByIDs else { return }
        planRest(min(rows, lines))
        planEntries(ids, rows)
        embeddings.reserve(floats)
        for field in byIDs {
            tables.copy(field: field.field, field.occurrences.ids[...], to: embeddings.array, at: field.start)
        }
        if trainsInput { gradients.reserve(blocks * floats) }
    }

    private func planRest(_ rows: Int) {
        restLines.removeAll(keepingCapacity: true)
        for field in byRows {
            let line = tables.offsets[field.field]
            restLines.append(contentsOf: line..<line + tables.dims[field.field])
        }
        let numerics = 2 * tables.layout.numerics.count
        restLines.append(contentsOf: tables.inputWidth - numerics..<tables.inputWidth)
        restWidth += numerics
        rest.reserve(rows * restWidth)
        restWeights.reserve(restWidth * width)
        if !isForScoring { restWeightGradient.reserve(restWidth * width) }
        if trainsInput { restGradient.reserve(rows * restWidth) }
        if isRounded {
            roundedRest.reserve(rows * restWidth)
            roundedRestWeights.reserve(restWidth * width)
        }
    }

    /// Lists for each row the distinct ids that it has, field by field.
    private func planEntries(_ ids: [FieldIDs], _ rows: Int) {
        FieldOccurrences.resize(&starts, to: rows + 1, of: 0)
        FieldOccurrences.resize(&next, to: rows, of: 0)
        let values = byIDs.reduce(0) { $0 + $1.occurrences.values }
        FieldOccurrences.resize(&entries, to: values, of: 0)
        if hasShares { FieldOccurrences.resize(&shares, to: values, of: 1) }
        let hasShares = hasShares
        starts.withUnsafeMutableBufferPointer { starts in
            next.withUnsafeMutableBufferPointer { next in
                let single = Int32(byIDs.reduce(0) { $0 + (ids[$1.field].offsets == nil ? 1 : 0) })
                for row in 0..<rows { next[row] = single }
                for field in byIDs {
                    guard let offsets = ids[field.field].offsets else { continue }
                    for row in 0..<rows { next[row] += Int32(offsets[row + 1]) - Int32(offsets[row]) }
                }
                var start: Int32 = 0
                for row in 0..<rows {
                    starts[row] = start
                    start += next[row]
                    next[row] = starts[row]
                }
                starts[rows] = start
            }
        }
        entries.withUnsafeMutableBufferPointer { entries in
            next.withUnsafeMutableBufferPointer { next in
                shares.withUnsafeMutableBufferPointer { shares in
                    for field in byIDs {
                        let (first, values) = (Int32(field.place), ids[field.field])
                        let takesMean = field.occurrences.hasShares
                        field.occurrences.slots.withUnsafeBufferPointer { slots in
                            for row in 0..<rows {
                                let range = values.range(row)
                                for value in range {
                                    let entry = Int(next[row])
                                    entries[entry] = first &+ slots[value]
                                    if hasShares { shares[entry] = takesMean ? 1 / Float(range.count) : 1 }
                                    next[row] &+= 1
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    /// The gradients of a field's distinct ids; nil where it goes by rows.
    func idGradients(of field: Int) -> IDGradients? {
        idPlaces[field].map { place in
            IDGradients(
                sums: gradients.array, blocks: blocks, stride: floats, start: byIDs[place].start,
                dim: byIDs[place].dim, count: byIDs[place].occurrences.count)
        }
    }

    /// Where the gradient of a field's embeddings lies in rows; nil where it goes by ids.
    func rowGradients(of field: Int) -> (array: FloatArray, width: Int, offset: Int)? {
        rowPlaces[field].map { (restGradient.array, restWidth, byRows[$0].column) }
    }
}

/// What the blocks of a layer's columns say of the gradient of a field's distinct ids.
struct IDGradients {
    /// `[blocks][stride]`, of which the field's `[count, dim]` begin at `start`.
    let sums: FloatArray
    let blocks, stride, start, dim, count: Int

    /// Adds them to sums in the order of the ids, block by block.
    func add(to target: UnsafeMutablePointer<Float>) {
        sums.lend { sums in
            for block in 0..<blocks {
                Kernels.addMany(sums + (block * stride + start), into: target, count: count * dim)
            }
        }
    }

    /// Adds them to the sum of each, block by block.
    func add(to sum: (Int) -> UnsafeMutablePointer<Float>) {
        sums.lend { sums in
            for block in 0..<blocks {
                let part = sums + (block &* stride &+ start)
                for slot in 0..<count { Kernels.add(part + slot &* dim, into: sum(slot), count: dim) }
            }
        }
    }
}

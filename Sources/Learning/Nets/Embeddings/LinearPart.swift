import Arrays

/// The linear ("wide") part of a net: each id has one weight, and a row's are added to its logit (Cheng et al., arXiv
/// 1606.07792). Trained by FTRL-Proximal, which touches only the ids that a batch has.
public final class LinearPart: Sendable {
    /// One weight an id, `[rows, 1]` a field, all 0 at first.
    public let tables: EmbeddingTables

    public init(layout: InputLayout, ftrl: FTRL, shard: TableShard = .whole) {
        tables = EmbeddingTables(
            layout: layout, dims: layout.fields.map { _ in 1 }, width: layout.fields.count, method: .ftrl(ftrl),
            shard: shard)
    }

    /// - Parameter tables: one weight an id.
    package init(_ tables: EmbeddingTables) {
        self.tables = tables
    }

    /// Weights of 0, for scoring.
    convenience init(scoring layout: InputLayout) {
        self.init(
            EmbeddingTables(scoring: layout, dims: layout.fields.map { _ in 1 }, width: layout.fields.count))
    }

    /// A part with the same weights, for scoring.
    public func copy() -> LinearPart { LinearPart(tables.copy()) }

    /// The weights of a batch's ids and their gradients, `[batch, fields]` each.
    public final class Workspace: Sendable {
        fileprivate let weights: FloatArray
        package let gradients: InputGradients
        public var gradient: FloatArray { gradients.rows }

        /// - Parameters:
        ///   - rows: the most rows a batch will have.
        ///   - forScoring: whether no gradient will be asked for.
        public init(_ part: LinearPart, rows: Int, forScoring: Bool = false) {
            weights = FloatArray(count: rows * part.tables.inputWidth)
            gradients = InputGradients(rows: FloatArray(count: forScoring ? 0 : rows * part.tables.inputWidth))
        }
    }

    /// Adds the weights of some rows' ids to their logits `[batch]`.
    ///
    /// - Parameter firstRow: the row of the first logit.
    public func add(
        _ ids: [FieldIDs], rows: Range<Int>, to logits: FloatArray, _ workspace: Workspace, firstRow: Int = 0
    ) {
        let width = tables.inputWidth
        for field in ids.indices {
            let place = InputPlace(width: width, offset: tables.offsets[field], firstRow: firstRow)
            tables.gather(field: field, ids[field], rows: rows, into: workspace.weights, place)
        }
        lending(workspace.weights, logits) { weights, logits in
            for row in rows.lowerBound - firstRow..<rows.upperBound - firstRow {
                for column in 0..<width { logits[row] += weights[row &* width &+ column] }
            }
        }
    }

    /// The weights of a row's ids of some fields, added up.
    func sum(_ ids: [FieldIDs], _ fields: [Int], row: Int) -> Float {
        var sum: Float = 0
        for field in fields {
            let places = ids[field].range(row)
            var part: Float = 0
            for place in places { part += tables.tables[field][Int(ids[field].ids[place])] }
            sum += tables.layout.fields[field].pooling == .mean ? part / Float(max(1, places.count)) : part
        }
        return sum
    }

    /// Spreads the logits' gradient `[batch]` of some rows over their ids, in `workspace.gradient`.
    public func backward(rows: Range<Int>, logitGradient: FloatArray, _ workspace: Workspace) {
        let width = tables.inputWidth
        lending(workspace.gradient, logitGradient) { gradient, logitGradient in
            for row in rows {
                (gradient + row &* width).update(repeating: logitGradient[row], count: width)
            }
        }
    }
}

import FeatureCache
import Foundation
import Nets
import Training

/// What the ranks of a group send each other in a step, from the shapes of the nets and the ids of the data: how much
/// network a training needs before anybody has the machines.
///
/// With R ranks, each of which has b rows of a batch, a row needs nothing sent where its keeper is the rank that has
/// it, one time in R. A rank therefore sends, in bytes,
///
///     (R − 1)/R · Σ u(b) · (4 + 2 · 4 · w)  ids, rows and gradients of each table, for u(b)
///                                           different ids among b rows, w floats per row
///     2 · (R − 1)/R · 4 · N                 the sums of N dense gradients (and of batch-norm's and Dice's statistics)
///     (R − 1) · (4 · (F + 1) + 40)          how many ids of each of F tables will come, and the losses
public struct ExchangeCost: Sendable {
    /// N.
    public var denseFloats: Int
    /// u(b) of each table, and the floats that come for an id.
    public var tables: [(distinct: Double, width: Int)]

    /// Sent by all ranks together.
    public func bytesPerStep(ranks: Int) -> Double {
        let (ranks, others) = (Double(ranks), Double(ranks - 1))
        let rows = tables.reduce(0) { $0 + $1.distinct * Double(4 + 8 * $1.width) }
        let announced = Double(4 * (tables.count + 1) + 40)
        return ranks * (others / ranks * (rows + 8 * Double(denseFloats)) + others * announced)
    }

    /// How many different ids `rows` rows have, when each row draws from the frequencies of a sample.
    ///
    /// - Parameter sample: ids of a table, of `sampled` rows.
    public static func distinct(_ sample: [UInt32], sampled: Int, rows: Int) -> Double {
        var counts: [UInt32: Int] = [:]
        for id in sample { counts[id, default: 0] += 1 }
        return counts.values.reduce(0) { sum, count in
            // A row may have several ids, or one of them more than once.
            let share = min(1, Double(count) / Double(max(1, sampled)))
            return sum + 1 - exp(Double(rows) * log1p(-min(share, 1 - 1e-12)))
        }
    }
}

extension CoTrainer {
    /// What a step of this training exchanges.
    ///
    /// - Parameter distinct: different ids of each table among the rows that a rank has of a batch. `[tables]`
    package func exchangeCost(distinct: [Double]) -> ExchangeCost {
        step.exchangeCost(distinct: distinct)
    }
}

extension TrainingStep {
    /// Estimates what a step exchanges for a number of rows per rank, from the frequencies of the ids in some blocks.
    func exchangeCost(of sample: SparseBatch, rows: Int) -> ExchangeCost {
        let owners = inputs.tables[0].embeddings.layout.owners
        let ids = InputRows(sample, lookup).ids
        return exchangeCost(
            distinct: inputs.tables[0].embeddings.layout.ownFields.map { field in
                let used = owners.indices.filter { owners[$0] == field }.flatMap { ids[$0].ids }
                return ExchangeCost.distinct(used, sampled: sample.rows, rows: rows)
            })
    }

    func exchangeCost(distinct: [Double]) -> ExchangeCost {
        let sets = inputs.tables.map(\.embeddings) + lanes.compactMap(\.linear?.part.tables)
        let fields = sets.first?.layout.ownFields ?? []
        return ExchangeCost(
            denseFloats: lanes.reduce(0) { $0 + $1.gradient.count + $1.workspace.passStatistics.count },
            tables: zip(distinct, fields).map { distinct, field in
                (distinct, sets.reduce(0) { $0 + $1.dims[field] })
            })
    }
}

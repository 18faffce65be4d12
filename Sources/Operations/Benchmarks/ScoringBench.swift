import FeatureCache
import Nets
import Training

/// How fast a net scores the rows of a day, on one thread: as it does, and with all fields by rows in turn with it.
public struct ScoringBench: Codable, Sendable {
    public var rowsPerSecond: Double
    public var rowsPerSecondByRows: Double
    /// Share of the fields that went through the first layer by ids.
    public var fieldsByIDs: Double

    enum CodingKeys: String, CodingKey {
        case rowsPerSecond = "rows_per_s"
        case rowsPerSecondByRows = "rows_per_s_by_rows"
        case fieldsByIDs = "fields_by_ids"
    }

    /// - Parameters:
    ///   - block: rows as a cache file's block has them.
    ///   - rounds: of each way; medians count.
    init(_ scorer: Scorer, _ block: SparseBatch, rounds: BenchRounds) {
        func rate(_ cost: FirstLayerCost) -> Double {
            scorer.choose(cost)
            var logits = scorer.logits(block)
            let start = ContinuousClock.now
            var (rows, seconds) = (0, 0.0)
            while seconds < rounds.seconds {
                scorer.score(block, into: &logits)
                rows += block.rows
                seconds = (ContinuousClock.now - start) / .seconds(1)
            }
            return Double(rows) / seconds
        }
        var (byRows, asItDoes): ([Double], [Double]) = ([], [])
        for _ in 0..<rounds.count {
            byRows.append(rate(.byRows))
            asItDoes.append(rate(.scoring))
        }
        (rowsPerSecondByRows, rowsPerSecond, fieldsByIDs) = (median(byRows), median(asItDoes), scorer.fieldsByIDs)
    }
}

extension TrainBenchRun {
    /// The nets' scoring, where all embeddings are here.
    func scoring(_ rounds: BenchRounds) -> [String: ScoringBench] {
        var block = SparseBatch()
        for batch in data where block.rows < Self.blockRows {
            if block.rows == 0 { block = batch } else { block.append(batch) }
        }
        let nets = trainer.model.lightNets + [.booster]
        return Dictionary(
            uniqueKeysWithValues: nets.compactMap { net in
                trainer.model.scorer(of: net).map { (net.name, ScoringBench($0, block, rounds: rounds)) }
            })
    }

    private static let blockRows = 4 * BranchScorer.batch
}

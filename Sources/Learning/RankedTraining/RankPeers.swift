import Arrays
import Collectives
import FeatureCache
import Nets
import Training

/// The ranks of a group that trains one model: each has its rows of every batch, all of the dense layers and a shard of
/// the embeddings. They add in another order than a single process does, so the weights depend on the number of ranks,
/// by rounding.
///
/// Made anew for each training; the thread that trains calls it.
package final class RankPeers: Peers, @unchecked Sendable {
    let collective: any Collective
    private var connected: StepExchange?
    /// Bytes that this rank sent for the steps of a training, and for what was done aside.
    private var sent = 0, sentAside = 0

    package init(_ collective: any Collective) {
        self.collective = collective
    }

    package var shard: TableShard { TableShard(rank: collective.rank, ranks: collective.ranks) }

    package func connect(_ step: TrainingStep) {
        connected = StepExchange(step, collective)
    }

    var exchange: StepExchange {
        guard let connected else { preconditionFailure("a trainer connects its step before the first batch") }
        return connected
    }

    // MARK: What must be the same everywhere

    package func agree(_ failure: (any Error)?) throws { try collective.agree(failure) }
    package func first(_ text: String?) throws -> String? { try collective.first(text) }
    package func sum(_ numbers: [Double]) throws -> [Double] { try collective.startGather(numbers).sum() }

    /// Rank 0 judges.
    package func judged(_ judge: () throws -> NetJudge.Judgement?) throws -> NetJudge.Judgement? {
        let own = try collective.together { collective.rank == 0 ? try judge() : nil }
        let numbers = try collective.startGather([own?.loss, own?.auc, own?.constantLoss].map { $0 ?? .nan }).wait()
        return numbers.first.flatMap { first in
            let known = first.map { $0.isNaN ? nil : $0 }
            return known[0].map { NetJudge.Judgement(loss: $0, auc: known[1], constantLoss: known[2]) }
        }
    }

    // MARK: A step

    package func slices(of count: Int) -> Int { max(1, count / collective.ranks) }
    package func progress() { collective.progress() }

    package func gradients(_ step: TrainingStep, _ input: InputRows) throws {
        try step.sumGradients(input, exchange)
    }

    package func update(
        _ step: TrainingStep, _ input: InputRows, _ rates: StepRates, _ here: StepOutcome
    ) throws -> StepOutcome {
        let (losses, wishes) = (here.losses, here.wishes)
        let numbers = try collective.startGather(
            losses.numbers + [wishes.stop ? 1 : 0, wishes.save ? 1 : 0])
        try step.updateTogether(input, rates, exchange)
        let sums = try numbers.sum()
        return StepOutcome(
            losses: StepLosses(numbers: Array(sums.dropLast(2))),
            wishes: StepWishes(stop: sums[sums.count - 2] > 0, save: sums[sums.count - 1] > 0))
    }

    package func squaredNorms(_ step: TrainingStep, _ input: InputRows) throws -> [Double] {
        try step.squaredNormsTogether(input, exchange)
    }

    // MARK: A whole training

    package func counting(_ body: () throws -> Void) rethrows {
        let before = collective.bytesSent
        sentAside = 0
        try body()
        sent = collective.bytesSent - before - sentAside
    }

    package func aside(_ body: () throws -> Void) rethrows {
        let before = collective.bytesSent
        try body()
        sentAside += collective.bytesSent - before
    }

    package func whole(_ arrays: [NamedArray]) throws -> [NamedArray]? { try collective.whole(arrays) }
    package func gather(_ model: inout CoTrainedModel) throws { try model.gather(over: collective) }

    package func report(
        _ step: TrainingStep, done: (steps: Int, samples: Int), shares: Int?, _ source: TrainingSource
    ) throws -> TrainingReport.Group? {
        let sent = try collective.startGather([Double(sent)]).sum()[0]
        let samples = Double(max(1, done.samples))
        let steps = max(1, done.steps)
        // Rank 0 has the first block.
        let sample = try collective.together { collective.rank == 0 ? try source.blocks.first?() : nil }
        let expected = sample.map {
            step.exchangeCost(of: $0, rows: done.samples / steps / collective.ranks)
                .bytesPerStep(ranks: collective.ranks) * Double(steps) / samples
        }
        return TrainingReport.Group(
            ranks: collective.ranks, hosts: Set(collective.hosts).count, shares: shares,
            bytesSentPerSample: sent / samples,
            expectedBytesPerSample: expected ?? 0)
    }
}

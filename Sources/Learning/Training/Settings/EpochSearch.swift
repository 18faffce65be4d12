/// How a training finds out how long the nets should be trained: it holds the latest rows out, trains with constant
/// step sizes, judges the nets on the held-out rows several times per epoch, and ends when they have been getting no
/// better for a while.
///
/// The number that comes of it is for a training on all rows, with the settings' own schedule.
public struct EpochSearch: Codable, Equatable, Sendable {
    /// Share of the training rows that is held out: the latest ones, whatever their day.
    public var share: Double
    /// Held-out rows at most: more would cost time and tell hardly more.
    public var mostRows: Int
    /// Judgements per epoch.
    public var judgements: Int
    /// Epochs after which it ends in any case.
    public var mostEpochs: Int
    /// Epochs without a better log loss after which it ends, and the same as a share of the epochs up to the best: the
    /// later the best point, the flatter the curve around it.
    ///
    /// Not less than an epoch: within a second pass the log loss first rises, while rows are seen again whose ids were
    /// learnt lately, and may end below that of the first.
    public var patience, patienceShare: Double
    /// The same of a net that a finished teacher teaches, in place of `patience`: the teacher keeps it from learning
    /// the rows by heart, so that it may get better again after a whole epoch in which it did not, and a light net's
    /// epochs are cheap.
    public static let patienceWithTeacher = 2.0
    /// Share of what the net had learnt at its best, over always predicting the click rate, whose loss ends the search
    /// at once.
    public var mostLost: Double
    /// Seconds for the search and the training that follows it: the search ends where that training would no longer
    /// fit. Nil: as long as it takes.
    public var budget: Double?

    public init(
        share: Double = 0.1, mostRows: Int = 200_000, judgements: Int = 4, mostEpochs: Int = 30, patience: Double = 1,
        patienceShare: Double = 0.25, mostLost: Double = 0.25, budget: Double? = nil
    ) {
        self.share = share
        self.mostRows = mostRows
        self.judgements = judgements
        self.mostEpochs = mostEpochs
        self.patience = patience
        self.patienceShare = patienceShare
        self.mostLost = mostLost
        self.budget = budget
    }

    /// Clicks, and rows without one, below which a held-out part tells nothing.
    public var fewestPerClass: Int { 20 }

    /// Returns the number of epochs that the search found.
    ///
    /// - Parameters:
    ///   - points: its judgements.
    ///   - net: whose log loss decides.
    /// - Returns: the epochs up to the best point, 1 at least, since every row is worth reading once; nil where the net
    ///   was never judged.
    public func epochs(
        _ points: [TrainingReport.ValidationPoint], _ net: (TrainingReport.ValidationPoint) -> Double?
    ) -> Double? {
        guard let step = points.bestStep(net), let index = points.firstIndex(where: { $0.step == step }) else {
            return nil
        }
        return max(1, Double(index + 1) / Double(judgements))
    }

    /// Whether the nets have been getting no better for long enough.
    func isOver(_ points: [TrainingReport.ValidationPoint]) -> Bool {
        guard !points.isEmpty else { return false }
        let nets: [(TrainingReport.ValidationPoint) -> Double?] = [\.lightLoss, \.boosterLoss]
        // The light net is what is served; the booster is waited for only where it is alone.
        let judged = nets.first { net in points.contains { net($0) != nil } }
        guard let judged, let step = points.bestStep(judged),
            let index = points.firstIndex(where: { $0.step == step })
        else { return true }
        if let loss = judged(points[points.count - 1]), let least = judged(points[index]),
            let constant = points[index].constantLoss, constant > least, loss - least > mostLost * (constant - least)
        {
            return true
        }
        let (best, now) = (Double(index + 1) / Double(judgements), Double(points.count) / Double(judgements))
        return now - best >= max(patience, patienceShare * best) - 1e-9
    }

    /// Returns what the search for a booster alone would have judged; nil where the search that it was part of ended
    /// earlier, or has a budget of time.
    ///
    /// - Parameter points: judgements of the booster only, by a search that did not disturb it.
    package func boosterAlone(_ points: [TrainingReport.ValidationPoint]) -> [TrainingReport.ValidationPoint]? {
        guard budget == nil else { return nil }
        let isWhole = points.count >= judgements * mostEpochs
        return points.indices.lazy.map { Array(points[...$0]) }.first(where: isOver) ?? (isWhole ? points : nil)
    }

    /// Whether there is no time left: the search up to the next judgement may take so long that a training up to there
    /// would not fit.
    ///
    /// - Parameter seconds: of the search up to now.
    func isOutOfTime(_ points: [TrainingReport.ValidationPoint], seconds: Double) -> Bool {
        guard let budget, let judgement = points.isEmpty ? nil : seconds / Double(points.count) else { return false }
        let (next, epoch) = (points.count + 1, judgement * Double(judgements) / (1 - share))
        return judgement * Double(next) + epoch * max(1, Double(next) / Double(judgements)) > budget
    }
}

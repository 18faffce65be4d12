import Foundation
import Nets

/// How the nets are trained; everything the bytes of the weights depend on besides data, nets and rocket settings.
public struct TrainingSpecification: Codable, Equatable, Sendable {
    /// Days before the evaluated day that are trained on, in time order.
    public var windowDays: Int
    public var start: TrainingStart
    /// Rows a step.
    public var batchSize: Int
    /// Passes over the window; the last may be a part of one.
    public var epochs: Double
    /// Passes of a booster that is trained alone; nil: `epochs`.
    public var boosterEpochs: Double?
    /// Non-nil: the number of epochs is searched for. In a job file this stands for `epochs: auto`; a training that is
    /// given it is such a search.
    public var search: EpochSearch?
    /// Share of the last training day's rows, the latest ones, that are not trained on but judge when each net is at
    /// its best; the weights of that moment are kept. 0: the weights at the end are.
    public var validationShare: Double
    /// Times an epoch that the nets are judged.
    public var validationsAnEpoch: Int
    /// Training ends when no net has become better for so many times.
    public var patience: Int
    /// Share of the unclicked training rows that are trained on, chosen by the seed. The logits are corrected for it
    /// exactly, so that the models predict the click rate of the log. Never touches rows that a model is judged on.
    public var negativeShare: Double
    /// Numbers of the hidden layers' matrix products.
    public var denseType: DenseType
    public var denseOptimiser: DenseMethod
    /// Step size of dense layers.
    public var denseLearningRate: Double
    /// Step size of the light net's own layers; nil: as the others'.
    public var lightLearningRate: Double?
    /// Step size of the embeddings' row-wise Adagrad.
    public var embeddingLearningRate: Double
    /// FTRL's α of the nets' linear parts, and its pulls towards few and small weights.
    public var linearLearningRate, linearL1, linearL2: Double
    /// How all step sizes change over the run.
    public var schedule: LearningRateSchedule
    /// Longest gradient that is used as it is, a longer one is shortened to it: each of the light net's, the booster's
    /// and the shared parameters' by itself. Nil: none is.
    public var gradientClip: Double?
    /// Added to the dense weights' gradient, per unit of weight.
    public var l2: Double
    public var seed: UInt64
    /// Parts that a batch is cut into for the threads; part of the arithmetic, hence of reproducibility (DESIGN.md
    /// decision 5), unlike the number of threads. Nil: one for every 512 rows of a batch, two at least.
    public var slices: Int?
    /// Shares that the rows are dealt in, so that several ranks can read each its own blocks; part of the arithmetic,
    /// as `slices` are: what a batch consists of follows from them. Nil: all rows are read as one stream, or, by
    /// several ranks, as the group decides.
    public var shares: Int?
    /// How long a rank waits for another that does not answer; nil: a minute. Does not change the result.
    public var rankTimeout: Duration?
    /// Nil: as many as the machine has cores. Does not change the result.
    public var threads: Int?
    /// Minutes between two checkpoints. Does not change the result.
    public var checkpointMinutes: Double

    public init(
        windowDays: Int = 7, start: TrainingStart = .window, batchSize: Int = 1_024, epochs: Double = 1,
        boosterEpochs: Double? = nil, search: EpochSearch? = nil, validationShare: Double = 0,
        validationsAnEpoch: Int = 1, patience: Int = 3, negativeShare: Double = 1,
        denseType: DenseType = .f32, denseOptimiser: DenseMethod = .adam, denseLearningRate: Double = 0.001,
        lightLearningRate: Double? = nil,
        embeddingLearningRate: Double = 0.02, linearLearningRate: Double = 0.05, linearL1: Double = 0,
        linearL2: Double = 0, schedule: LearningRateSchedule = LearningRateSchedule(), gradientClip: Double? = nil,
        l2: Double = 0, seed: UInt64 = 1, slices: Int? = nil, shares: Int? = nil,
        rankTimeout: Duration? = nil, threads: Int? = nil, checkpointMinutes: Double = 10
    ) {
        self.windowDays = windowDays
        self.start = start
        self.batchSize = batchSize
        self.epochs = epochs
        self.boosterEpochs = boosterEpochs
        self.search = search
        self.validationShare = validationShare
        self.validationsAnEpoch = validationsAnEpoch
        self.patience = patience
        self.negativeShare = negativeShare
        self.denseType = denseType
        self.denseOptimiser = denseOptimiser
        self.denseLearningRate = denseLearningRate
        self.lightLearningRate = lightLearningRate
        self.embeddingLearningRate = embeddingLearningRate
        self.linearLearningRate = linearLearningRate
        self.linearL1 = linearL1
        self.linearL2 = linearL2
        self.schedule = schedule
        self.gradientClip = gradientClip
        self.l2 = l2
        self.seed = seed
        self.slices = slices
        self.shares = shares
        self.rankTimeout = rankTimeout
        self.threads = threads
        self.checkpointMinutes = checkpointMinutes
    }
}

/// What a training begins with.
public enum TrainingStart: String, Codable, CaseIterable, Sendable {
    /// Random weights, and all days of the window.
    case window
    /// Weights and optimiser state of the version before, and the days after it.
    case incremental
}

extension TrainingSpecification {
    /// Smaller slices would spend much of their time on packing the weights for the matrix library.
    var sliceCount: Int { slices ?? max(2, batchSize / 512) }

    /// What the logits of a model that was trained on all clicked rows and a share of the others are too high by:
    /// with `r` of them kept, odds are `1 / r` times the log's.
    var logitExcess: Double { -log(negativeShare) }
}

import Foundation
import Instructions
import Nets

/// How the nets are trained; everything the bytes of the weights depend on besides data, nets and rocket settings.
public struct TrainingSpecification: Equatable, Sendable {
    public var window: Window
    public var passes: Passes
    public var validation: Validation
    public var batches: Batches
    public var optimisation: Optimisation
    /// Numbers of the hidden layers' matrix products.
    public var denseType: DenseType
    /// The widest vector instructions of the matrix products; nil: those of the CPU.
    public var instructionSet: InstructionSet?
    public var seed: UInt64
    public var machine: Machine

    public init(
        window: Window = Window(), passes: Passes = Passes(), validation: Validation = Validation(),
        batches: Batches = Batches(), optimisation: Optimisation = Optimisation(), denseType: DenseType = .f32,
        instructionSet: InstructionSet? = nil, seed: UInt64 = 1, machine: Machine = Machine()
    ) {
        self.window = window
        self.passes = passes
        self.validation = validation
        self.batches = batches
        self.optimisation = optimisation
        self.denseType = denseType
        self.instructionSet = instructionSet
        self.seed = seed
        self.machine = machine
    }

    /// Which days are trained on, and from which weights.
    public struct Window: Codable, Equatable, Sendable {
        /// Days before the evaluated day that are trained on, in time order.
        public var days: Int
        public var start: TrainingStart

        private enum CodingKeys: String, CodingKey {
            case days = "windowDays"
            case start
        }

        public init(days: Int = 7, start: TrainingStart = .window) {
            (self.days, self.start) = (days, start)
        }
    }

    /// How often the rows are read.
    public struct Passes: Codable, Equatable, Sendable {
        /// Passes over the window; the last may be a part of one.
        public var epochs: Double
        /// Passes of a booster that is trained alone; nil: `epochs`.
        public var boosterEpochs: Double?
        /// Non-nil: the number of epochs is searched for. In a job file this stands for `epochs: auto`; a training that
        /// is given it is such a search.
        public var search: EpochSearch?

        public init(epochs: Double = 1, boosterEpochs: Double? = nil, search: EpochSearch? = nil) {
            (self.epochs, self.boosterEpochs, self.search) = (epochs, boosterEpochs, search)
        }
    }

    /// Rows that are held out of the training to find each net's best moment.
    public struct Validation: Codable, Equatable, Sendable {
        /// Share of the last training day's rows, the latest ones, that are not trained on but judge when each net is
        /// at its best; the weights of that moment are kept. 0: the weights at the end are kept.
        public var share: Double
        /// Judgements per epoch.
        public var perEpoch: Int
        /// Judgements without a better net after which the training ends.
        public var patience: Int

        private enum CodingKeys: String, CodingKey {
            case share = "validationShare"
            case perEpoch = "validationsAnEpoch"
            case patience
        }

        public init(share: Double = 0, perEpoch: Int = 1, patience: Int = 3) {
            (self.share, self.perEpoch, self.patience) = (share, perEpoch, patience)
        }
    }

    /// Which rows make one step.
    public struct Batches: Codable, Equatable, Sendable {
        /// Rows per step.
        public var size: Int
        /// Share of the unclicked training rows that are trained on, chosen by the seed. The logits are corrected for
        /// it exactly, so that the models predict the click rate of the log. Never touches rows that a model is judged
        /// on.
        public var negativeShare: Double
        /// Parts that a batch is cut into for the threads; part of the arithmetic, hence of reproducibility, unlike the
        /// number of threads. Nil: one per 512 rows of a batch, at least two.
        public var slices: Int?
        /// Shares that the rows are dealt in, so that each of several ranks can read its own blocks; part of the
        /// arithmetic, like `slices`: they decide which rows a batch consists of. Nil: all rows are read as one stream,
        /// or, by several ranks, as the group decides.
        public var shares: Int?

        private enum CodingKeys: String, CodingKey {
            case size = "batchSize"
            case negativeShare, slices, shares
        }

        public init(size: Int = 1_024, negativeShare: Double = 1, slices: Int? = nil, shares: Int? = nil) {
            (self.size, self.negativeShare, self.slices, self.shares) = (size, negativeShare, slices, shares)
        }
    }

    /// What a job may choose of the machine. Changes no result.
    public struct Machine: Codable, Equatable, Sendable {
        /// Nil: as many as the machine has cores.
        public var threads: Int?
        /// How long a rank waits for another that does not answer; nil: a minute.
        public var rankTimeout: Duration?
        /// Minutes between two checkpoints.
        public var checkpointMinutes: Double

        public init(threads: Int? = nil, rankTimeout: Duration? = nil, checkpointMinutes: Double = 10) {
            (self.threads, self.rankTimeout, self.checkpointMinutes) = (threads, rankTimeout, checkpointMinutes)
        }
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
    /// Why this machine cannot compute as asked for; nil: it can, and keeps to the instruction set from now on.
    var machineProblem: (any Error)? {
        do throws(InstructionSetError) {
            try instructionSet?.cap()
        } catch {
            return error
        }
        return denseType.isSupportedHere ? nil : TrainingError.unsupported(denseType)
    }

    /// Smaller slices would spend much of their time on packing the weights for the matrix library.
    var sliceCount: Int { batches.slices ?? max(2, batches.size / 512) }

    /// Judgements on held-out rows without a better net after which a training ends; a search has a rule of its own.
    var patience: Int { passes.search == nil ? validation.patience : .max }

    /// What the logits of a model that was trained on all clicked rows and a share of the others are too high by:
    /// with `r` of them kept, odds are `1 / r` times the log's.
    var logitExcess: Double { -log(batches.negativeShare) }
}

extension TrainingSpecification.Machine {
    /// The number of threads on this machine.
    package var threadCount: Int { threads ?? ProcessInfo.processInfo.activeProcessorCount }
}

import Nets
import RocketLaunching

/// How a training went; stored with the version.
public struct TrainingReport: Codable, Sendable {
    public var arm: Arm
    /// Numbers of the matrix products; nil in reports of earlier programs: f32.
    public var denseType: DenseType?
    /// Vector instructions that the matrix products ran with, on which the weights' bytes depend; nil in reports of
    /// earlier programs.
    public var instructions: String?
    public var steps: Int
    public var samples: Int
    public var seconds: Double
    public var samplesPerSecond: Double
    /// λ as it was used: a hint that was silently off is seen here.
    public var hintWeight: Double
    /// Means over stretches of steps, at most about 200 of them.
    public var curve: [CurvePoint]
    /// How the nets did on the held-out rows; empty where none were held out.
    public var validations: [ValidationPoint]
    /// How many epochs were trained, and where that number is from; nil in reports of earlier programs.
    public var epochs: EpochChoice?
    /// A search was ended by its budget.
    public var isOutOfTime: Bool?
    /// The same of a booster that was trained before the light net.
    public var boosterEpochs: EpochChoice?
    /// The steps whose weights were kept; nil: the last one's.
    public var lightStep, boosterStep: Int?
    /// Of several light nets: each one's, the one that leads first; nil: there is one.
    public var fleet: [FleetNet]?
    /// Norms of the first steps and of about twenty more.
    public var gradientNorms: [GradientNorms]
    /// Floating-point operations of the nets' matrix products for one sample, forward and backward.
    public var operationsPerSample: Int
    /// Threads of each rank.
    public var threads: Int
    public var threadSeconds: ThreadSeconds
    /// What a group of ranks did; nil for a single process.
    public var group: Group?
    /// How many ids of each table of ids have their own rows; nil where there is none.
    public var ids: [IDTableReport]?

    private enum CodingKeys: String, CodingKey {
        case arm, denseType, instructions, steps, samples, seconds, samplesPerSecond, hintWeight, curve, validations
        case epochs, isOutOfTime, boosterEpochs, lightStep, boosterStep, fleet, gradientNorms
        // The name in stored reports.
        case operationsPerSample = "operationsASample"
        case threads, threadSeconds, group, ids
    }

    /// A training by several ranks.
    public struct Group: Codable, Equatable, Sendable {
        public var ranks: Int
        /// Different machines among them.
        public var hosts: Int
        /// That the rows were dealt in; nil: all ranks read all rows.
        public var shares: Int?
        /// What all ranks sent for the steps of this process, over the samples of them, and what `ExchangeCost` says of
        /// it.
        public var bytesSentPerSample, expectedBytesPerSample: Double

        private enum CodingKeys: String, CodingKey {
            case ranks, hosts, shares
            // The names in stored reports.
            case bytesSentPerSample = "bytesSentASample"
            case expectedBytesPerSample = "expectedBytesASample"
        }

        package init(
            ranks: Int, hosts: Int, shares: Int?, bytesSentPerSample: Double, expectedBytesPerSample: Double
        ) {
            (self.ranks, self.hosts, self.shares) = (ranks, hosts, shares)
            (self.bytesSentPerSample, self.expectedBytesPerSample) = (bytesSentPerSample, expectedBytesPerSample)
        }
    }

    /// Mean loss terms over the steps up to `step` since the point before.
    public struct CurvePoint: Codable, Equatable, Sendable {
        public var step: Int
        public var lightLoss: Double?
        public var boosterLoss: Double?
        /// Not weighted by λ.
        public var hint: Double?
        /// The terms of each light net after the first; nil: there is none.
        public var further: [Further]?

        public struct Further: Codable, Equatable, Sendable {
            public var lightLoss: Double
            public var hint: Double?
        }
    }

    /// A light net among several.
    public struct FleetNet: Codable, Equatable, Sendable {
        public var net: String
        /// The step whose weights were kept; nil: the last one's.
        public var step: Int?
    }

    /// How the nets did on the held-out rows after a step; nil where a net is missing.
    public struct ValidationPoint: Codable, Equatable, Sendable {
        public var step: Int
        /// AUC; nil where only one class is there.
        public var light, booster: Double?
        /// Log loss, by which the best point is chosen; nil in reports of earlier programs, which chose by AUC.
        public var lightLoss, boosterLoss: Double?
        /// Log loss of always predicting the held-out rows' click rate.
        public var constantLoss: Double?
        /// The light nets after the first; nil: there is none.
        public var further: [Further]?

        public struct Further: Codable, Equatable, Sendable {
            public var net: String
            public var auc, loss: Double?
        }
    }

    /// Euclidean norms of each loss term's gradient, by real backward passes of that term alone; nil where the arm has
    /// no such term.
    public struct GradientNorms: Codable, Equatable, Sendable {
        public var step: Int
        /// H(y, p), H(y, q), λ · hint.
        public var light, booster, hint: Norms?

        public struct Norms: Codable, Equatable, Sendable {
            /// On the embeddings W_S: the sum over each id's rows counts.
            public var shared: Double
            /// On the light net's own parameters W_L.
            public var light: Double
            /// On the booster's own parameters W_B: under gradient block exactly 0 for the hint.
            public var booster: Double
        }
    }

    /// Where the time went: seconds of all threads together, by part of the step. What is left of `threads × seconds`
    /// was waiting.
    public struct ThreadSeconds: Codable, Equatable, Sendable {
        public var read, gather, light, booster, hint, scatter, optimiser: Double
        /// Nil where there were no other ranks.
        public var exchange: Double?
        /// All work for light nets beyond the first; nil where there were none.
        public var otherLights: Double?

        /// The parts by their names.
        public var parts: [(name: String, seconds: Double)] {
            [
                ("read", read), ("gather", gather), ("light", light), ("booster", booster), ("hint", hint),
                ("scatter", scatter), ("optimiser", optimiser),
            ] + (exchange.map { [("exchange", $0)] } ?? []) + (otherLights.map { [("other light nets", $0)] } ?? [])
        }

        mutating func add(_ other: ThreadSeconds) {
            read += other.read
            gather += other.gather
            light += other.light
            booster += other.booster
            hint += other.hint
            scatter += other.scatter
            optimiser += other.optimiser
            exchange = exchange.map { $0 + (other.exchange ?? 0) } ?? other.exchange
            otherLights = otherLights.map { $0 + (other.otherLights ?? 0) } ?? other.otherLights
        }

        /// Of a training that took no time of its own.
        fileprivate init() {
            (read, gather, light, booster, hint, scatter, optimiser) = (0, 0, 0, 0, 0, 0, 0)
        }

        init(_ profile: StepProfile) {
            read = profile.seconds(.read)
            gather = profile.seconds(.gather)
            light = profile.seconds(.light)
            booster = profile.seconds(.booster)
            hint = profile.seconds(.hint)
            scatter = profile.seconds(.scatter)
            optimiser = profile.seconds(.optimiser)
            exchange = profile.seconds(.exchange) > 0 ? profile.seconds(.exchange) : nil
            otherLights = profile.seconds(.otherLights) > 0 ? profile.seconds(.otherLights) : nil
        }
    }
}

extension TrainingReport {
    /// A light net's training after that of the booster which teaches it, as one report: steps are the light net's.
    public init(light: TrainingReport, booster: TrainingReport) {
        self = light
        arm = .rocket
        samples += booster.samples
        seconds += booster.seconds
        samplesPerSecond = seconds > 0 ? Double(samples) / seconds : 0
        curve += booster.curve
        validations += booster.validations
        gradientNorms += booster.gradientNorms
        boosterStep = booster.boosterStep
        boosterEpochs = booster.epochs
        operationsPerSample += booster.operationsPerSample
        threadSeconds.add(booster.threadSeconds)
    }

    /// What a joint training says of its booster, as of one that was trained alone; it took no time of its own, and its
    /// ranks sent nothing of their own.
    package func boosterAlone(weights: Int) -> TrainingReport {
        var report = self
        (report.operationsPerSample, report.group) = (6 * weights, nil)
        report.arm = .booster
        (report.seconds, report.samplesPerSecond, report.threadSeconds) = (0, 0, ThreadSeconds())
        report.hintWeight = 0
        report.curve = curve.map { CurvePoint(step: $0.step, boosterLoss: $0.boosterLoss) }
        report.validations = validations.map {
            ValidationPoint(
                step: $0.step, booster: $0.booster, boosterLoss: $0.boosterLoss, constantLoss: $0.constantLoss)
        }
        (report.lightStep, report.fleet) = (nil, nil)
        report.gradientNorms = gradientNorms.map { GradientNorms(step: $0.step, booster: $0.booster) }
        return report
    }
}

/// How far a training is.
public struct TrainingProgress: Sendable {
    public var samples: Int
    public var step: Int
}

/// Why a training ended early.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    /// A loss term, or a weight, became NaN or infinite; `cause` names where it comes from.
    case notFinite(step: Int, term: String, cause: String)
    /// It was asked to stop, and has saved where it was.
    case stopped(step: Int)
    /// The data hold no rows.
    case noRows
    /// The arm learns from a booster that was trained before, and none was given.
    case noTeacher(Arm)
    /// This machine's CPU has no instructions for the numbers asked for.
    case unsupported(DenseType)
    /// A training cannot continue a model of another shape.
    case otherModel
    /// The hint moved the booster although the gradient is blocked: an error of the program.
    case gradientNotBlocked(step: Int, norm: Double)

    public var description: String {
        switch self {
        case .notFinite(let step, let term, let cause):
            "training stopped at batch \(step): not finite: the \(term), from \(cause); lower the learning rates or λ, "
                + "or look for extreme numeric features"
        case .unsupported(let type):
            "this CPU does not compute with \(type.rawValue) numbers (it lacks AVX512_BF16); set "
                + "training.dtype: f32, or train on a machine that has it"
        case .noTeacher(let arm):
            "the arm \(arm.rawValue) learns from a booster that was trained before, and none was given"
        case .otherModel:
            "the earlier model has other features, nets or sharing than this training; train a window from nothing"
        case .stopped(let step):
            "training was stopped after batch \(step), where a checkpoint was saved; the next run resumes from it"
        case .noRows:
            "there are no rows to train on"
        case .gradientNotBlocked(let step, let norm):
            "training stopped at step \(step): the hint's gradient on the booster has norm \(norm) although it is "
                + "blocked; please report this"
        }
    }
}

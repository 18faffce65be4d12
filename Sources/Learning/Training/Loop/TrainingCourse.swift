/// How a training goes.
struct TrainingCourse {
    var state: TrainingState
    /// Samples and steps of this process and those with it.
    private(set) var done = (steps: 0, samples: 0)

    init(state: TrainingState) {
        self.state = state
    }

    mutating func add(_ losses: StepLosses, _ input: InputRows) {
        state.steps += 1
        done.steps += 1
        state.samples += input.batchRows
        done.samples += input.batchRows
        state.curve.add(losses, step: state.steps)
    }
}

/// The plan of one training.
struct TrainingRun {
    private let isJudged: Bool
    /// Steps of all epochs.
    let steps: Int
    /// Passes that are begun.
    let epochs: Int
    /// Steps before which each loss's gradient is looked at separately.
    let normSteps: Set<Int>
    private let validationSteps: Set<Int>
    private let patience: Int
    private let search: EpochSearch?
    /// The step that a part of an epoch ends with; nil: the run ends with its last batch.
    private let lastStep: Int?

    private static let proofSteps = 3

    init(stepsPerEpoch: Int, _ training: TrainingSpecification, isJudged: Bool) {
        let epochs = training.passes.search.map { Double($0.mostEpochs) } ?? training.passes.epochs
        let steps = max(1, Int((Double(stepsPerEpoch) * epochs).rounded()))
        self.isJudged = isJudged
        self.steps = steps
        self.epochs = Int(epochs.rounded(.up))
        search = training.passes.search
        lastStep = epochs == epochs.rounded() ? nil : steps
        normSteps = Set(0..<Self.proofSteps).union((1..<20).map { $0 * steps / 20 })
        let count = max(
            1, Int((epochs * Double(training.passes.search?.judgements ?? training.validation.perEpoch)).rounded(.down))
        )
        validationSteps = Set((1...count).map { steps * $0 / count })
        patience = training.validation.patience
    }

    func isValidated(after step: Int) -> Bool { validationSteps.contains(step) }

    /// Whether all has been trained, or no net has become better for too long.
    func isOver(_ state: TrainingState) -> Bool {
        if let lastStep, state.steps >= lastStep { return true }
        guard isJudged else { return false }
        if let search { return state.isOutOfTime == true || search.isOver(state.validations) }
        return state.validations.areOver(patience)
    }
}

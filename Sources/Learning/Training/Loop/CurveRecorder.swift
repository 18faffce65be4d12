import RocketLaunching

/// Averages the loss terms over stretches of steps.
struct CurveRecorder: Codable {
    private let arm: Arm
    private let every: Int
    private var sum = StepLosses()
    private var count = 0
    private var lastStep = 0
    private var done: [TrainingReport.CurvePoint] = []

    init(arm: Arm, every: Int) {
        self.arm = arm
        self.every = every
    }

    mutating func add(_ losses: StepLosses, step: Int) {
        sum.add(losses, over: 1)
        count += 1
        lastStep = step
        if count == every { close() }
    }

    private mutating func close() {
        let n = Double(count)
        done.append(
            TrainingReport.CurvePoint(
                step: lastStep, lightLoss: arm == .booster ? nil : sum.light / n,
                boosterLoss: arm.nets().contains(.booster) ? sum.booster / n : nil,
                hint: arm.hasHint ? sum.hint / n : nil,
                further: sum.further.isEmpty
                    ? nil
                    : sum.further.map {
                        TrainingReport.CurvePoint.Further(
                            lightLoss: $0.light / n, hint: arm.hasHint ? $0.hint / n : nil)
                    }))
        sum = StepLosses()
        count = 0
    }

    mutating func points() -> [TrainingReport.CurvePoint] {
        if count > 0 { close() }
        return done
    }
}

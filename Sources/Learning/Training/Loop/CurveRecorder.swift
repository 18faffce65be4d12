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
        sum.light += losses.light
        sum.booster += losses.booster
        sum.hint += losses.hint
        count += 1
        lastStep = step
        if count == every { close() }
    }

    private mutating func close() {
        let n = Double(count)
        done.append(
            TrainingReport.CurvePoint(
                step: lastStep, lightLoss: arm.nets.contains(.servedLight) ? sum.light / n : nil,
                boosterLoss: arm.nets.contains(.booster) ? sum.booster / n : nil, hint: arm.hasHint ? sum.hint / n : nil
            ))
        sum = StepLosses()
        count = 0
    }

    mutating func points() -> [TrainingReport.CurvePoint] {
        if count > 0 { close() }
        return done
    }
}

/// Means of the loss terms over a batch; the hint is not weighted.
package struct StepLosses: Codable, Sendable {
    package var light, booster, hint: Double

    package init(light: Double = 0, booster: Double = 0, hint: Double = 0) {
        (self.light, self.booster, self.hint) = (light, booster, hint)
    }
}

import Days
import Extract
import Logging
import ModelRegistry
import RocketLaunching

extension JobSession {
    /// `rocket experiment`: trains arms on the window before a day, with several seeds, and judges them on the day. Results are
    /// written arm by arm; what an earlier run wrote is not done again.
    ///
    /// - Parameter seeds: so many, from the job file's own upwards.
    /// - Returns: the experiment's fingerprint, and how many arms were trained now.
    public func experiment(day: Day, arms: [Arm], seeds: Int) throws -> (fingerprint: String, trained: Int) {
        try locked {
            let mature = try logDays.lastMature(asOf: .now, on: source)
            guard day <= mature else { throw JobError.immature(day: day, lastMature: mature) }
            let night = try night(evaluated: day)
            var result = (fingerprint: "", trained: 0)
            _ = try run("experiment", evaluatedDay: day) { recorder in
                nameMissing(night.missingDays)
                let days = try cached(night.trainingDays + [day], recorder: recorder).map(\.day)
                try checkRejected(days)
                let data = ExperimentData(
                    night: night, training: days.filter { $0.day != day }.flatMap(\.entries),
                    evaluation: days.filter { $0.day == day }.flatMap(\.entries))
                try checkClasses(data.training, days: night.trained)
                result.fingerprint = try experimentFingerprint(
                    training: data.training, evaluation: data.evaluation)
                for number in 0..<UInt64(seeds) {
                    result.trained += try experiment(
                        data, arms: arms, seed: jobFile.training.seed &+ number, result.fingerprint, recorder)
                }
                return RunOutcome(didWork: result.trained > 0, version: nil)
            }
            return result
        }
    }

    /// What is missing of one seed; how many arms that were.
    private func experiment(
        _ data: ExperimentData, arms: [Arm], seed: UInt64, _ fingerprint: String, _ recorder: RunRecorder
    ) throws -> Int {
        let results = ExperimentResults(connection)
        let done = try results.arms(fingerprint: fingerprint, seed: seed)
        let missing = arms.filter { !done.contains($0.rawValue) }
        var teacher: CoTrainedModel?
        // A booster comes before the arms that learn from it, whether its own result is there or not.
        let needsTeacher = missing.contains(where: \.needsTeacher)
        let order = (needsTeacher || missing.contains(.booster) ? [.booster] : []) + missing.filter { $0 != .booster }
        for arm in order {
            let checkpoints = checkpointFolder("\(fingerprint.prefix(12))-\(seed)")
            let trained = try recorder.stage("train", detail: "\(arm.rawValue), seed \(seed)") {
                try train(arm, on: data.training, checkpoints: checkpoints, teacher: teacher, seed: seed)
            }
            if arm == .booster { teacher = trained.model }
            if missing.contains(arm) {
                try results.write(
                    try evaluate(trained.model, arm: arm, on: data.evaluation), of: trained.report,
                    ExperimentResults.Run(
                        fingerprint: fingerprint, seed: seed, model: jobFile.model, trained: data.night.trained,
                        jobFile: jobFile.text, programVersion: ProgramVersion.current))
            }
            checkpoints.remove()
        }
        return missing.count
    }
}

/// The cached rows of an experiment.
private struct ExperimentData {
    let night: Night
    let training, evaluation: [CacheManifest.Entry]
}

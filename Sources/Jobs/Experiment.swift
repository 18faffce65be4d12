import Days
import Digests
import Extract
import Logging
import ModelRegistry
import RocketLaunching

extension JobSession {
    /// `rocket experiment`: trains arms on the window before a day, with several seeds, and judges them on the day. Results are
    /// written arm by arm; what an earlier run wrote is not done again.
    ///
    /// - Parameters:
    ///   - hints: rocket with these, each an arm of its own; neither they nor `arms` change the fingerprint.
    ///   - seeds: so many, from the job file's own upwards.
    /// - Returns: the experiment's fingerprint, and how many arms were trained now.
    public func experiment(
        day: Day, arms: [Contender], hints: [HintVariant] = [], seeds: Int
    ) throws -> (fingerprint: String, trained: Int) {
        // Asked for twice, it is trained once.
        var wanted: [ExperimentArm] = []
        for arm in arms.map({ ExperimentArm(contender: $0, hint: nil) })
            + hints.map({ ExperimentArm(contender: .nets(.rocket), hint: $0) })
        where !wanted.contains(arm) { wanted.append(arm) }
        return try locked {
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
                        data, arms: wanted, seed: jobFile.training.seed &+ number, result.fingerprint, recorder)
                }
                return RunOutcome(didWork: result.trained > 0, version: nil)
            }
            return result
        }
    }

    /// What is missing of one seed; how many arms that were.
    private func experiment(
        _ data: ExperimentData, arms: [ExperimentArm], seed: UInt64, _ fingerprint: String, _ recorder: RunRecorder
    ) throws -> Int {
        let results = ExperimentResults(connection)
        let done = try results.arms(fingerprint: fingerprint, seed: seed)
        let missing = arms.filter { !done.contains($0.name) }
        let choices = try epochChoices(fingerprint, trainedTo: data.night.trained.upperBound, reuse: .never)
        let checkpoints = { [self] (arm: ExperimentArm) in
            try checkpointFolder(SHA256Digest.of("\(fingerprint) \(seed) \(arm.name)").hex)
        }
        let trainings = ArmTrainings(
            self, on: data.training, checkpoints: checkpoints, choices: choices, recorder: recorder, seed: seed)
        for arm in missing {
            let run = ExperimentResults.Run(
                fingerprint: fingerprint, arm: arm.name, seed: seed, model: jobFile.model, trained: data.night.trained,
                jobFile: jobFile.text, programVersion: ProgramVersion.current)
            guard let nets = arm.contender.arm else {
                let trained = try recorder.stage("train", detail: "\(arm.name), seed \(seed)") {
                    try trainRegression(on: data.training, seed: seed)
                }
                try results.write(
                    try evaluations(of: score([trained.judged], on: data.evaluation)),
                    of: ExperimentResults.Training(trained.report), run)
                continue
            }
            let trained = try trainings.train(nets, hint: arm.hint)
            try results.write(
                try evaluate(trained.model, arm: nets, on: data.evaluation),
                of: ExperimentResults.Training(trained.report), run)
            if nets != .booster { try checkpoints(arm).remove() }
        }
        // Other arms may have learnt from it.
        try checkpoints(ExperimentArm(contender: .nets(.booster), hint: nil)).remove()
        return missing.count
    }
}

/// The cached rows of an experiment.
private struct ExperimentData {
    let night: Night
    let training, evaluation: [CacheManifest.Entry]
}

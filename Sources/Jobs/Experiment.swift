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
        var teacher: CoTrainedModel?
        // A booster comes before the arms that learn from it, whether its own result is there or not.
        let booster = ExperimentArm(contender: .nets(.booster), hint: nil)
        let needsTeacher = missing.contains { $0.contender.arm?.needsTeacher ?? false }
        let order = (needsTeacher || missing.contains(booster) ? [booster] : []) + missing.filter { $0 != booster }
        for arm in order {
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
            // The checkpoint of one hint is of no use to another.
            let checkpoints = try checkpointFolder(SHA256Digest.of("\(fingerprint) \(seed) \(arm.name)").hex)
            let trained = try recorder.stage("train", detail: "\(arm.name), seed \(seed)") {
                try train(
                    nets, on: data.training, checkpoints: checkpoints, rocket: arm.rocket(jobFile.rocket),
                    teacher: teacher, seed: seed)
            }
            if arm == booster { teacher = trained.model }
            if missing.contains(arm) {
                try results.write(
                    try evaluate(trained.model, arm: nets, on: data.evaluation),
                    of: ExperimentResults.Training(trained.report), run)
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

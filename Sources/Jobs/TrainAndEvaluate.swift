import Days
import Extract
import Logging
import ModelRegistry
import RocketLaunching

extension JobSession {
    /// `rocket train`: trains on a range of days and publishes the version without judging it.
    ///
    /// - Parameter profile: whether to measure what the machine can do, and tell where the time went.
    public func train(days: ClosedRange<Day>, profile: Bool = false) throws -> RunOutcome {
        try locked {
            try run("train", evaluatedDay: nil) { recorder in
                let mature = try logDays.lastMature(asOf: .now, on: source)
                guard days.upperBound <= mature else {
                    throw JobError.immature(day: days.upperBound, lastMature: mature)
                }
                let present = try logDays.present(in: days, on: source)
                guard let first = present.first, let last = present.last else {
                    throw JobError.noImpressions(day: days.lowerBound, table: jobFile.source.impressions.table)
                }
                nameMissing((first...last).filter { !present.contains($0) })
                let days = try cached(present, recorder: recorder).map(\.day)
                try checkRejected(days)
                let entries = days.flatMap(\.entries)
                try checkClasses(entries, days: first...last)
                let work = try fingerprint(training: entries, evaluation: [])
                let fingerprint = try versionFingerprint(work)
                let registry = ModelRegistry(connection)
                if let version = try registry.version(model: jobFile.model, fingerprint: fingerprint) {
                    log.info("version \(version) was made from the same settings and data; nothing to do")
                    return RunOutcome(didWork: false, version: version)
                }
                let checkpoints = try checkpointFolder(work)
                let trained = try ArmTrainings(
                    self, on: entries, checkpoints: { _ in checkpoints },
                    choices: epochChoices(fingerprint, trainedTo: last, reuse: .ofEarlierNights), recorder: recorder
                ).train(.rocket)
                let version = try recorder.stage("publish") {
                    try registry.publish(
                        newVersion(
                            [trained], days: first...last, evaluatedDay: nil, runID: recorder.runID,
                            fingerprint: fingerprint, inputs: entries.map { VersionInput($0, role: .training) },
                            evaluations: [], latencies: [])
                    ).number
                }
                checkpoints.remove()
                return RunOutcome(
                    didWork: true, version: version, profile: profile ? TrainingProfile(trained.report) : nil)
            }
        }
    }

    /// `rocket evaluate`: judges a stored version on a day that it has not seen, from the weights in the database, and
    /// stores the reports beside it.
    ///
    /// - Parameters:
    ///   - version: nil for the model's newest.
    ///   - day: nil for the day after the last one trained on.
    public func evaluate(version: Int?, day: Day?) throws -> RunOutcome {
        try locked {
            let registry = ModelRegistry(connection)
            guard let version = try version ?? registry.latest(model: jobFile.model) else {
                throw JobError.noVersion(model: jobFile.model)
            }
            let lineage = try registry.lineage(of: version)
            guard lineage.specificationHash == specification.hash else {
                throw JobError.otherSpecification(version: version, path: jobFile.path)
            }
            let day = day ?? lineage.trainedDays.upperBound.advanced(by: 1)
            guard day > lineage.trainedDays.upperBound else {
                throw JobError.notUnseen(day: day, trained: lineage.trainedDays)
            }
            return try run("evaluate", evaluatedDay: day) { recorder in
                let mature = try logDays.lastMature(asOf: .now, on: source)
                guard day <= mature else { throw JobError.immature(day: day, lastMature: mature) }
                guard try !logDays.present(in: day...day, on: source).isEmpty else {
                    throw JobError.noImpressions(day: day, table: jobFile.source.impressions.table)
                }
                let days = try cached([day], recorder: recorder).map(\.day)
                try checkRejected(days)
                let entries = days.flatMap(\.entries)
                let model = try CoTrainedModel(
                    safetensors: registry.artifact(Artifact.model, version: version))
                let scored = try recorder.stage("evaluate", detail: day.description) {
                    try score(model.judgedNets(arm: Arm.rocket.rawValue), on: entries)
                }
                let latencies = try recorder.stage("latency") {
                    try measureLatency(model, on: day, training: lineage.trainedDays.lowerBound)
                }
                try registry.record(
                    evaluations: evaluations(of: scored), slices: slices(of: scored), latencies: latencies,
                    day: day, version: version)
                return RunOutcome(didWork: true, version: version)
            }
        }
    }
}

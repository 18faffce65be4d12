import Days
import Digests
import Extract
import JobFile
import ModelRegistry
import Runs

/// SHA-256 over everything that decides the weights and the reports: settings, program, and the bytes of the data.
package struct WorkFingerprint {
    /// The digest of the work, whoever does it.
    package let work: String
    /// The digest of the version: several ranks round differently from one, and deal the rows.
    package let version: String

    package init(_ data: NightData, _ jobFile: JobFile, _ launch: RankedLaunch) throws {
        try self.init(
            jobFile, launch, training: data.training, evaluation: data.evaluation, parent: data.parent?.lineage)
    }

    package init(
        _ jobFile: JobFile, _ launch: RankedLaunch, training: [CacheManifest.Entry],
        evaluation: [CacheManifest.Entry] = [], parent: VersionLineage? = nil
    ) throws {
        var lines = [try jobFile.fingerprintText(), ProgramVersion.current]
        lines.append("baselines \(jobFile.evaluation.baselines.map(\.rawValue))")
        if jobFile.nets.fleet != nil { lines.append("serve \(jobFile.served)") }
        if let parent { lines.append("parent \(parent.fingerprint)") }
        lines += training.map { "training \($0.day) \($0.part) \($0.checksum)" }
        lines += evaluation.map { "evaluation \($0.day) \($0.part) \($0.checksum)" }
        try self.init(work: SHA256Digest.of(lines.joined(separator: "\n")).hex, jobFile, launch)
    }

    /// - Parameter work: SHA-256 of what the ranks do not change.
    package init(work: String, _ jobFile: JobFile, _ launch: RankedLaunch) throws {
        self.work = work
        version = try launch.fingerprint(jobFile.training).map { try SHA256Digest.of("\(work)\n\($0)").hex } ?? work
    }
}

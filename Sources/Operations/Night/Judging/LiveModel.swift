import Logging
import ModelRegistry
import Runs
import Training

/// The version that a new one would replace.
struct LiveModel {
    let version: Int
    let lineage: VersionLineage
    /// Nil where it cannot score this job's cache: it was made of other features, or its stored bytes are damaged.
    let model: CoTrainedModel?

    /// The name that its scores go by.
    static let arm = "live"

    /// The job's live version; nil: none.
    static func find(_ context: JobContext, _ registry: ModelRegistry) throws -> LiveModel? {
        guard let version = try registry.live(model: context.jobFile.model) else { return nil }
        let lineage = try registry.lineage(of: version)
        let fits = lineage.specificationHash == context.specification.hash
        if !fits {
            context.log.warning(
                """
                live version \(version) was trained from other features or another source, so nothing can be compared with \
                it; promote the new one by hand: rocket models promote --force --reason …
                """)
        }
        return LiveModel(
            version: version, lineage: lineage, model: fits ? try model(of: version, context, registry) : nil)
    }

    /// The live version's nets; nil where its stored bytes are damaged: the night continues, since without its new
    /// version there would be nothing to replace them with.
    private static func model(
        of version: Int, _ context: JobContext, _ registry: ModelRegistry
    ) throws -> CoTrainedModel? {
        do {
            return try CoTrainedModel(safetensors: registry.artifact(Artifact.model, version: version))
        } catch let error as ModelRegistryError where error.isDamage {
            context.log.error(
                """
                live version \(version) cannot be compared with: \(error); promote the new one by hand: rocket models \
                promote --force --reason …
                """)
            return nil
        }
    }
}

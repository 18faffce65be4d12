import AdLogs
import Evaluation
import Extract
import JobFile
import Logging
import ModelRegistry
import Nets
import Runs
import Training

/// The version that a new one would replace.
struct LiveModel {
    let version: Int
    let lineage: VersionLineage
    /// Its light net that is served.
    let served: String
    let scoring: Scoring

    /// How it scores the day that both are judged on.
    enum Scoring {
        /// From the cache of the new version's features, which are its own, too.
        case sameFeatures(CoTrainedModel)
        /// From the cache of the job that it was trained with.
        case ownFeatures(CoTrainedModel, JobContext)
        /// Not at all.
        case none(Obstacle)
    }

    /// Why it cannot be compared with; a clause.
    struct Obstacle: Error {
        var reason: String
    }

    /// The light net of the version that is served, if some other nets have the same one: a net of its name that is
    /// made of other layers is not what is live. Nil also where the version cannot be read.
    func servedNet(among lights: [LightNet]) -> String? {
        let model: CoTrainedModel? =
            switch scoring {
            case .sameFeatures(let model), .ownFeatures(let model, _): model
            case .none: nil
            }
        return model?.nets.lights.first { $0.name == served && lights.contains($0) }?.name
    }

    /// The name that its scores go by.
    static let arm = "live"

    /// The job's live version; nil: none.
    ///
    /// - Parameter databases: where the logs are whose columns its features may need.
    static func find(_ context: JobContext, _ databases: Databases) throws -> LiveModel? {
        let registry = databases.registry
        guard let version = try registry.live(model: context.jobFile.model) else { return nil }
        let (lineage, served) = (try registry.lineage(of: version), try registry.servedNet(of: version))
        do {
            let own = try ownContext(of: version, lineage, context, databases)
            let model = try model(of: version, registry)
            return LiveModel(
                version: version, lineage: lineage, served: served,
                scoring: own.map { .ownFeatures(model, $0) } ?? .sameFeatures(model))
        } catch let obstacle as Obstacle {
            context.log.error("live version \(version) cannot be compared with: \(obstacle.reason)")
            return LiveModel(version: version, lineage: lineage, served: served, scoring: .none(obstacle))
        }
    }

    /// What the live version was extracted with; nil: as the new one is.
    ///
    /// - Throws: `Obstacle` where its features cannot be made any more.
    private static func ownContext(
        of version: Int, _ lineage: VersionLineage, _ context: JobContext, _ databases: Databases
    ) throws -> JobContext? {
        guard lineage.specificationHash != context.specification.hash else { return nil }
        var jobFile: JobFile
        do {
            jobFile = try JobFile(
                text: databases.registry.jobFileText(of: version), path: "version \(version)'s job file")
        } catch let error as JobFileError {
            throw Obstacle(reason: "this program does not accept its job file any more: \(error)")
        }
        jobFile.path = context.jobFile.path
        jobFile.cacheDirectory = context.jobFile.cacheDirectory
        let own = try JobContext(jobFile, log: context.log, interruption: context.interruption)
        guard own.specification.hash == lineage.specificationHash else {
            throw Obstacle(reason: "this program extracts its features in another way than the one that made it")
        }
        let problems = try SourceCheck(own.specification).problems(on: databases.source)
        guard problems.isEmpty else {
            throw Obstacle(
                reason: "the logs lack what its features are made of: "
                    + problems.map(\.description).joined(separator: "; "))
        }
        return own
    }

    /// The live version's nets. Where its stored bytes are damaged the night continues, since without its new version
    /// there would be nothing to replace them with.
    private static func model(of version: Int, _ registry: ModelRegistry) throws -> CoTrainedModel {
        do {
            return try CoTrainedModel(safetensors: registry.artifact(Artifact.model, version: version))
        } catch let error as ModelRegistryError where error.isDamage {
            throw Obstacle(reason: "\(error)")
        }
    }
}

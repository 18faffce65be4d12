import ModelRegistry
import RocketServing
import Runs
import Training

/// One of the light nets of a version.
struct LightNetChoice {
    let name: String
    let isServed: Bool
    /// Whether the version's files hold other light nets, too.
    let isOfSeveral: Bool

    /// The name under which a stored file is pulled for the net; nil: it is not.
    func pulledName(of stored: StoredArtifact) -> String? {
        if stored.name == artifact(.onnx) { return Artifact.onnx }
        return stored.name == Artifact.onnx ? nil : stored.name
    }

    /// The stored file that a model file is made from.
    func artifact(_ format: ModelFormat) -> String {
        switch format {
        case .onnx: isServed ? Artifact.onnx : Artifact.onnx(of: name)
        case .safetensors: Artifact.model
        }
    }
}

extension Deployments {
    /// - Parameter name: nil: the net that is served.
    /// - Throws: `JobError.noNet` where the version has none of the name.
    func lightNet(_ name: String?, of version: Int) throws -> LightNetChoice {
        let (served, nets) = (try registry.servedNet(of: version), try registry.lightNets(of: version))
        let name = name ?? served
        guard nets.contains(name) else { throw JobError.noNet(name, version: version, nets: nets) }
        return LightNetChoice(
            name: name, isServed: name == served, isOfSeveral: nets.count > 1 || nets != [Artifact.usualLight])
    }

    /// The examples of a version with the probabilities of one of its light nets: stored are those of the net that is
    /// served. Histories are as the version's own night knew them.
    func exampleBytes(of light: LightNetChoice, _ version: Int) throws -> [UInt8] {
        let hasHistory = try registry.artifacts(of: version).contains { $0.name == Artifact.history }
        let model = try ServingModel(
            model: registry.artifact(Artifact.model, version: version),
            features: registry.artifact(Artifact.features, version: version),
            history: hasHistory ? registry.artifact(Artifact.history, version: version) : nil, net: light.name)
        let stored = try registry.artifact(Artifact.examples, version: version)
        return Array(try ServingExamples(stored, scoredBy: model).text.utf8)
    }

    /// The weights of a version with one of its light nets, as a rocket with it alone has them.
    func modelBytes(of light: LightNetChoice, _ version: Int) throws -> [UInt8] {
        let stored = try registry.artifact(Artifact.model, version: version)
        guard light.isOfSeveral else { return stored }
        guard let bytes = try CoTrainedModel(safetensors: stored).alone(light.name)?.safetensors() else {
            throw JobError.noNet(light.name, version: version, nets: try registry.lightNets(of: version))
        }
        return bytes
    }
}

import Collectives
import RocketLaunching
import Training

/// One training, as rank 0 tells the other ranks of it.
package struct TrainingOrder: Codable, Sendable {
    /// What is trained, with shares and threads decided.
    var plan: TrainingPlan
    /// Whether a teacher's weights follow, and those that the training continues.
    var hasTeacher, hasParent: Bool
    var files: [File]
    /// The latest rows of the files, which this training does not see at all.
    var leftOut: HeldOut
    var checkpoints: CheckpointFolder.Place
    /// The model that the training continues.
    var resume: CheckpointFolder.Found?

    /// The name under which its checkpoints are kept.
    var name: String { Self.name(plan.arm, plan.training) }

    /// A search is another training than the one that follows it.
    static func name(_ arm: Arm, _ training: TrainingSpecification) -> String {
        training.passes.search == nil ? arm.rawValue : "search_\(arm.rawValue)"
    }

    /// A cache file.
    struct File: Codable, Sendable {
        var path, checksum: String
    }

    /// Models that a training needs besides the cached rows.
    struct Models {
        var teacher: CoTrainedModel?
        var parent: (model: CoTrainedModel, optimiserState: [UInt8])?
    }
}

extension Collective {
    /// Brings a training's models to all ranks.
    ///
    /// - Parameter models: rank 0's.
    func share(_ models: TrainingOrder.Models, for order: TrainingOrder) throws -> TrainingOrder.Models {
        guard isShared else { return models }
        func shared(_ bytes: () throws -> [UInt8]?) throws -> [UInt8] {
            try broadcast(rank == 0 ? bytes() ?? [] : [], .bounded)
        }
        var all = models
        if order.hasTeacher {
            let bytes = try shared { try models.teacher?.safetensors() }
            if rank > 0 { all.teacher = try CoTrainedModel(safetensors: bytes) }
        }
        if order.hasParent {
            let bytes = try shared { try models.parent?.model.safetensors() }
            let state = try shared { models.parent?.optimiserState }
            if rank > 0 { all.parent = (try CoTrainedModel(safetensors: bytes), state) }
        }
        return all
    }
}

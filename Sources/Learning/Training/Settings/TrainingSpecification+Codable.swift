import Instructions
import Nets

// A specification is stored as one flat object: the groups write their keys into the object of the whole. The canonical
// text is part of a job's fingerprint and must stay the same for the same settings.

extension TrainingSpecification: Codable {
    private enum CodingKeys: CodingKey { case denseType, instructionSet, seed }

    public init(from decoder: any Decoder) throws {
        let own = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            window: try Window(from: decoder), passes: try Passes(from: decoder),
            validation: try Validation(from: decoder), batches: try Batches(from: decoder),
            optimisation: try Optimisation(from: decoder),
            denseType: try own.decode(DenseType.self, forKey: .denseType),
            instructionSet: try own.decodeIfPresent(InstructionSet.self, forKey: .instructionSet),
            seed: try own.decode(UInt64.self, forKey: .seed), machine: try Machine(from: decoder))
    }

    public func encode(to encoder: any Encoder) throws {
        let groups: [any Encodable] = [window, passes, validation, batches, optimisation, machine]
        for group in groups { try group.encode(to: encoder) }
        var own = encoder.container(keyedBy: CodingKeys.self)
        try own.encode(denseType, forKey: .denseType)
        try own.encodeIfPresent(instructionSet, forKey: .instructionSet)
        try own.encode(seed, forKey: .seed)
    }
}

extension Optimisation: Codable {
    private enum CodingKeys: CodingKey { case embeddingLearningRate, schedule, gradientClip }

    public init(from decoder: any Decoder) throws {
        let own = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            dense: try Dense(from: decoder),
            embeddingLearningRate: try own.decode(Double.self, forKey: .embeddingLearningRate),
            linear: try Linear(from: decoder),
            schedule: try own.decode(LearningRateSchedule.self, forKey: .schedule),
            gradientClip: try own.decodeIfPresent(Double.self, forKey: .gradientClip))
    }

    public func encode(to encoder: any Encoder) throws {
        try dense.encode(to: encoder)
        try linear.encode(to: encoder)
        var own = encoder.container(keyedBy: CodingKeys.self)
        try own.encode(embeddingLearningRate, forKey: .embeddingLearningRate)
        try own.encode(schedule, forKey: .schedule)
        try own.encodeIfPresent(gradientClip, forKey: .gradientClip)
    }
}

/// Means of the loss terms over a batch; the hint is not weighted.
package struct StepLosses: Sendable {
    /// Of the first light net and the booster.
    package var light = 0.0, booster = 0.0, hint = 0.0
    /// The terms of each light net after the first.
    package var further: [Further] = []

    package struct Further: Codable, Sendable {
        package var light = 0.0, hint = 0.0
    }

    init(further: Int = 0) {
        if further > 0 { self.further = [Further](repeating: Further(), count: further) }
    }

    /// Adds others, divided by a number.
    mutating func add(_ other: StepLosses, over count: Double) {
        light += other.light / count
        booster += other.booster / count
        hint += other.hint / count
        if further.count < other.further.count {
            further += [Further](repeating: Further(), count: other.further.count - further.count)
        }
        for (index, terms) in other.further.enumerated() {
            further[index].light += terms.light / count
            further[index].hint += terms.hint / count
        }
    }
}

// As numbers for other ranks.
extension StepLosses {
    package var numbers: [Double] { [light, booster, hint] + further.flatMap { [$0.light, $0.hint] } }

    package init(numbers: [Double]) {
        (light, booster, hint) = (numbers[0], numbers[1], numbers[2])
        further = stride(from: 3, to: numbers.count - 1, by: 2).map {
            Further(light: numbers[$0], hint: numbers[$0 + 1])
        }
    }
}

// Checkpoints of trainings with one light net stay as they were.
extension StepLosses: Codable {
    private enum CodingKeys: CodingKey { case light, booster, hint, further }

    package init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        light = try values.decode(Double.self, forKey: .light)
        booster = try values.decode(Double.self, forKey: .booster)
        hint = try values.decode(Double.self, forKey: .hint)
        further = try values.decodeIfPresent([Further].self, forKey: .further) ?? []
    }

    package func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(light, forKey: .light)
        try values.encode(booster, forKey: .booster)
        try values.encode(hint, forKey: .hint)
        if !further.isEmpty { try values.encode(further, forKey: .further) }
    }
}

extension ModelDescription {
    /// The first thing in which the description contradicts itself, in words; nil where there is none. Nothing is made
    /// by a description's numbers before this is asked.
    package var contradiction: String? {
        layout.contradiction(embeddingDim: nets.embeddingDim) ?? nets.light.contradiction.map { "the light net: \($0)" }
            ?? nets.booster.contradiction.map { "the booster: \($0)" } ?? fleetContradiction
            ?? nets.lights.lazy.compactMap { sharingContradiction($0.net) }.first
    }

    private var fleetContradiction: String? {
        guard let fleet = nets.fleet else { return nil }
        let names = fleet.nets.map(\.name)
        if let name = names.first(where: { LightNet.objection(to: $0) != nil }) {
            return "no light net is called ‘\(name)’"
        }
        guard Set(names).count == names.count, names.contains(fleet.lead), nets.dense(of: fleet.lead) == nets.light
        else {
            return "its light nets are \(names.joined(separator: ", ")), of which \(fleet.lead) leads"
        }
        for net in fleet.nets {
            if let found = net.net.contradiction { return "the net \(net.name): \(found)" }
            guard let dim = net.embeddingDim else { continue }
            if let found = layout.contradiction(embeddingDim: dim) { return "the net \(net.name): \(found)" }
            guard !sharesEmbeddings || dim == nets.embeddingDim, lightsShareEmbeddings != true else {
                return "the net \(net.name) has embeddings of \(dim) numbers and shares them"
            }
        }
        return nil
    }

    private func sharingContradiction(_ light: DenseSpecification) -> String? {
        let count = sharedLayers ?? 0
        if count == 0 { return nil }
        let booster = nets.booster
        guard count > 0, count <= min(light.hidden.count, booster.hidden.count) else {
            return
                "the nets share \(count) layers, the smaller one has \(min(light.hidden.count, booster.hidden.count))"
        }
        guard light.hidden.prefix(count) == booster.hidden.prefix(count), light.activation == booster.activation,
            light.crossLayers == 0, booster.crossLayers == 0, !light.batchNorm, !booster.batchNorm
        else { return "the nets share \(count) layers that are not the same in both" }
        return nil
    }
}

extension InputLayout {
    /// As `ModelDescription.contradiction`.
    func contradiction(embeddingDim: Int) -> String? {
        guard (1...Self.mostDim).contains(embeddingDim) else {
            return "embeddings have \(embeddingDim) numbers, expected 1 … \(Self.mostDim)"
        }
        guard fields.count + numerics.count <= Self.mostFeatures else {
            return "it has \(fields.count + numerics.count) features, expected at most \(Self.mostFeatures)"
        }
        var names: Set<String> = []
        for name in fields.map(\.name) + numerics.map(\.name) {
            guard !name.isEmpty, names.insert(name).inserted else { return "two features are called ‘\(name)’" }
        }
        var width = 2 * numerics.count
        for field in fields {
            if let found = contradiction(in: field, embeddingDim: embeddingDim) {
                return "field \(field.name): \(found)"
            }
            width += field.dim ?? embeddingDim
        }
        guard (1...Self.mostWidth).contains(width) else {
            return "an input row has \(width) numbers, expected 1 … \(Self.mostWidth)"
        }
        for number in numerics {
            guard number.mean.isFinite, number.standardDeviation.isFinite, number.standardDeviation > 0 else {
                return "number \(number.name): mean \(number.mean), standard deviation \(number.standardDeviation); "
                    + "expected finite numbers, the second above 0"
            }
        }
        return nil
    }

    private func contradiction(in field: FieldShape, embeddingDim: Int) -> String? {
        guard (1...Self.mostRows).contains(field.rows) else {
            return "it has \(field.rows) ids, expected 1 … \(Self.mostRows)"
        }
        let hasIDTable = field.hasIDTable == true
        guard !hasIDTable || field.rows >= 2 else {
            return
                "it has a table of ids and \(field.rows) rows, expected one for missing and one for all others at least"
        }
        let dim = field.dim ?? embeddingDim
        guard (1...Self.mostDim).contains(dim) else { return "its dimension is \(dim), expected 1 … \(Self.mostDim)" }
        if let admission = field.admission {
            guard admission.minimumCount >= 1, (admission.expireAfterDays ?? 0) >= 0 else {
                return "its rule for rare ids is none: \(admission)"
            }
            guard field.table == nil else { return "it has a rule for rare ids and uses another field's table" }
        }
        guard let table = field.table else { return nil }
        guard let owner = fields.first(where: { $0.name == table }), owner.name != field.name, owner.table == nil else {
            return "it uses the table of ‘\(table)’, which is no field with a table of its own"
        }
        guard owner.rows == field.rows, owner.dim ?? embeddingDim == dim, owner.admission == nil,
            (owner.hasIDTable == true) == hasIDTable
        else {
            return
                "it has \(field.rows) ids of \(dim) numbers, the table of \(table), which it uses, "
                + "has \(owner.rows) of \(owner.dim ?? embeddingDim)"
        }
        return nil
    }

    /// Far above any net, and low enough that no product of two of them, nor a sum of such products, overflows.
    private static let mostFeatures = 10_000
    private static let mostDim = 1 << 16
    private static let mostWidth = 1 << 22
    private static let mostRows = 1 << 32
}

extension DenseSpecification {
    /// As `ModelDescription.contradiction`.
    fileprivate var contradiction: String? {
        guard hidden.count <= Self.mostLayers, hidden.allSatisfy({ (1...Self.mostWidth).contains($0) }) else {
            return
                "hidden layers are \(hidden.prefix(20)), expected at most \(Self.mostLayers) "
                + "of 1 … \(Self.mostWidth) units"
        }
        guard (0...Self.mostLayers).contains(crossLayers) else {
            return "it has \(crossLayers) cross layers, expected 0 … \(Self.mostLayers)"
        }
        guard (0..<1).contains(dropout) else { return "its dropout is \(dropout), expected 0 or more, below 1" }
        return nil
    }

    private static let mostLayers = 256
    private static let mostWidth = 1 << 20
}

import FeatureCache
import Foundation
import Nets
import RocketLaunching

/// The parameters of an arm: embedding tables and the nets that it trains.
public struct CoTrainedModel: Sendable {
    public let layout: InputLayout
    /// Which rows the ids of the data have.
    public let ids: IDTables
    public let nets: NetSpecification
    public private(set) var arm: Arm
    /// Hidden layers that the two nets have in common.
    let sharedLayers: Int
    /// The nets that the arm trains, light nets first.
    package var branches: [(net: Net, branch: Branch)]
    /// Whether the nets have embeddings, and a trunk if there is one, in common: the same objects in all branches.
    package private(set) var isShared: Bool
    /// Which ids have their own embedding, and why; nil where no field has a rule.
    public private(set) var admission: AdmissionCounts?

    /// An untrained model.
    ///
    /// Each net begins with the same weights in every arm of the job, alone or not, so that the arms of one seed differ
    /// by nothing but how they are trained.
    ///
    /// - Parameters:
    ///   - ids: that have rows in the plan's layout.
    ///   - shard: the part of the embeddings and linear weights that is kept here.
    init(_ plan: TrainingPlan, ids: IDTables, shard: TableShard = .whole) {
        let (nets, layout) = (plan.nets, plan.layout)
        let (rocket, seed, ftrl, logitBias) = (
            plan.arm.settings(plan.rocket), plan.training.seed, plan.ftrl, plan.logitBias
        )
        arm = plan.arm
        self.layout = layout
        self.ids = ids
        self.nets = nets
        let jobSharing = plan.rocket.sharing
        let shares = arm.shares(rocket.sharing)
        isShared = shares
        let trunkLayers = shares ? rocket.sharedLayers : 0
        self.sharedLayers = trunkLayers
        func embeddings(stream: UInt64) -> EmbeddingTables {
            let tables = EmbeddingTables(layout: layout, dim: nets.embeddingDim, shard: shard)
            tables.initialise(seed: seed, stream: stream, deviation: 0.05)
            return tables
        }
        let boosterStream: UInt64 = jobSharing == .nothing ? 0x4542_0000 : 0x454D_0000
        let sharedTables = shares ? embeddings(stream: 0x454D_0000) : nil
        // The layers that the job's rocket shares, which an arm without a trunk has in its nets.
        let trunkStream: UInt64 = 0x5348_0000
        let ownTrunkLayers = shares || jobSharing == .nothing ? 0 : rocket.sharedLayers
        let width = layout.inputWidth(embeddingDim: nets.embeddingDim)
        var trunk: DenseNet?
        if trunkLayers > 0 {
            let net = DenseNet(input: width, nets.booster.trunk(trunkLayers), end: .hiddenLayer)
            net.initialise(seed: seed, stream: trunkStream, logitBias: 0)
            trunk = net
        }
        func branch(_ specification: DenseSpecification, _ tables: EmbeddingTables, stream: UInt64) -> Branch {
            let dense = DenseNet(
                input: trunk?.outputWidth ?? width, specification.above(trunk: trunkLayers))
            dense.initialise(
                seed: seed, stream: stream, logitBias: Float(logitBias), below: (ownTrunkLayers, trunkStream))
            return Branch(
                ids: ids, embeddings: tables, trunk: trunk, dense: dense,
                linear: specification.linear ? LinearPart(layout: layout, ftrl: ftrl, shard: shard) : nil)
        }
        branches = arm.nets.map { net in
            switch net {
            case .light: (net, branch(nets.light, sharedTables ?? embeddings(stream: 0x454D_0000), stream: 0x4C49_0000))
            case .booster:
                (net, branch(nets.booster, sharedTables ?? embeddings(stream: boosterStream), stream: 0x424F_0000))
            }
        }
    }

    /// A light net and a booster that were trained one after the other, with the same layout, as one model.
    public init(light: CoTrainedModel, booster: CoTrainedModel) {
        self = light
        arm = .rocket
        isShared = false
        branches += booster.branches.filter { $0.net == .booster }
    }

    /// What is between a row and the logit of a net; nil where the arm has no such net.
    package subscript(net: Net) -> Branch? { branches.first { $0.net == net }?.branch }
    package var lightBranch: Branch? { self[.servedLight] }
    package var boosterBranch: Branch? { self[.booster] }

    /// All embedding tables, each once, with the names of their tensors.
    package var embeddings: [(name: String, owner: Parameters, tables: EmbeddingTables)] {
        branches.prefix(isShared ? 1 : branches.count).enumerated().map { index, item in
            (
                index == 0 ? "embedding" : "\(item.net.name)_embedding", isShared ? .shared : .own(item.net),
                item.branch.embeddings
            )
        }
    }

    /// The layers that all nets share.
    var trunk: DenseNet? { isShared ? branches.first?.branch.trunk : nil }

    /// All stacks of dense layers with the names of their tensors, each once.
    private var denseNets: [(name: String, net: DenseNet)] {
        branches.enumerated().flatMap { index, item in
            let trunk = index == 0 || !isShared ? item.branch.trunk : nil
            let name = index == 0 ? "shared" : "\(item.net.name)_shared"
            return (trunk.map { [(name, $0)] } ?? []) + [(item.net.name, item.branch.dense)]
        }
    }

    /// Takes branches in place of those of the same nets.
    ///
    /// - Parameter isShared: whether they have embeddings and trunk in common.
    mutating func take(_ kept: [Net: Branch], sharing isShared: Bool) {
        guard !kept.isEmpty else { return }
        branches = branches.map { ($0.net, kept[$0.net] ?? $0.branch) }
        self.isShared = isShared
    }

    /// Moves all logits of both nets by an amount.
    func addToLogits(_ amount: Float) {
        guard amount != 0 else { return }
        for (_, branch) in branches {
            for index in branch.dense.biases(branch.dense.layers - 1) { branch.dense.parameters[index] += amount }
        }
    }

    /// Ends training: ids that are not admitted take their field's rare embedding.
    mutating func admit(_ counts: AdmissionCounts?) {
        guard let counts else { return }
        admission = counts
        for tables in embeddings.map(\.tables) + branches.compactMap(\.branch.linear?.tables) {
            counts.shareRareRows(of: tables)
        }
    }

    var sharesEmbeddings: Bool { branches.count < 2 || isShared }

    /// What holds a weight that is no finite number: a field's embeddings or a net; nil when all are finite.
    var notFinite: String? {
        branches.lazy.compactMap { net, branch in
            branch.notFinite(net == .booster ? "booster" : "\(net.name) net")
        }.first
    }

    /// Scores with the light net, nil where the arm has none.
    public var light: Scorer? { lightBranch.map { Scorer($0) } }
    /// Scores with the booster net, nil where the arm has none.
    public var booster: Scorer? { boosterBranch.map { Scorer($0) } }

    /// Parameters of the light net besides embeddings.
    public var lightParameters: Int { lightBranch?.parameterCount ?? 0 }
    /// Parameters of the booster net besides embeddings.
    public var boosterParameters: Int { boosterBranch?.parameterCount ?? 0 }
    /// Weights of the light net's dense layers: multiplications a row.
    public var lightWeights: Int { lightBranch?.weightCount ?? 0 }
    /// Weights of the booster's dense layers: multiplications a row.
    public var boosterWeights: Int { boosterBranch?.weightCount ?? 0 }
    /// Parameters of all embedding tables.
    public var embeddingParameters: Int { embeddings.reduce(0) { $0 + $1.tables.parameterCount } }
}

extension CoTrainedModel {
    /// The weights as a safetensors file: `embedding.<field>` `[rows, dim]`, `light.<layer>.weight` `[in, out]`,
    /// `light.<layer>.bias` `[out]`, the same for `booster` and for `shared` layers, and `booster_embedding.<field>`
    /// when nothing is shared. Batch-norm adds `light.<layer>.scale`, `.shift`, `.running_mean`, `.running_variance`,
    /// PReLU `.slope`, Dice `.slope`, `.dice_mean`, `.dice_variance`, all `[out]`; a linear part `light_linear.<field>`
    /// `[rows, 1]`. A field whose ids have rows by a table adds `ids.<field>`, Int32 `[rows − 2]`, ascending: row 0 is
    /// for missing, row `i + 1` for `ids[i]`, the last for every other id. A field with an admission rule adds, as
    /// Int32, `admission_count.<field>` and `admission_last_seen.<field>` (days since 1970-01-01): with a table of ids
    /// `[met]`, of the ids `admission_id.<field>`; otherwise `[rows]`, and `embedding.<field>.rare` `[1, dim]`.
    public func safetensors() throws -> [UInt8] {
        var file = Safetensors(tensors: [:], metadata: [:])
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let description = ModelDescription(
            layout: layout, nets: nets, arm: arm.rawValue, sharesEmbeddings: sharesEmbeddings,
            sharedLayers: sharedLayers)
        file.metadata[ModelDescription.key] = String(decoding: try encoder.encode(description), as: UTF8.self)
        visit { name, shape, array, range in
            file.tensors[name] = Safetensors.Tensor(shape: shape, values: range.map { array[$0] })
        }
        if let admission {
            file.metadata["admission_last_day"] = "\(admission.lastDay)"
            for (shape, counts) in zip(layout.fields, admission.fields) {
                guard let counts else { continue }
                func write(_ name: String, _ values: [Int32]) {
                    file.integers["\(name).\(shape.name)"] = Safetensors.Integers(
                        shape: [values.count], values: values)
                }
                write("admission_count", counts.counts)
                write("admission_last_seen", counts.lastSeen)
                if let ids = counts.ids { write("admission_id", ids.map { Int32(bitPattern: $0) }) }
            }
        }
        ids.write(to: &file, layout)
        return try file.encoded()
    }

    /// Reads weights back; they score bit for bit as those that were written.
    ///
    /// - Throws: `SafetensorsError`.
    public init(safetensors bytes: [UInt8]) throws {
        let file = try Safetensors(bytes)
        let description = try ModelDescription(file)
        guard let arm = Arm(rawValue: description.arm) else {
            throw SafetensorsError.metadata(ModelDescription.key)
        }
        try file.require(description.tensors(of: arm))
        let plan = TrainingPlan(
            arm: arm, layout: description.layout, nets: description.nets,
            rocket: RocketSpecification(sharing: .embeddings, sharedLayers: description.sharedLayers ?? 0),
            training: TrainingSpecification(), clickRate: 0.5)
        self.init(plan, ids: try IDTables(file, description.layout))
        // Nothing was shared, or each net was kept at its own best point.
        if !description.sharesEmbeddings { take(boosterBranch.map { [.booster: $0.copy()] } ?? [:], sharing: false) }
        try file.read(visit)
        try readAdmission(file)
    }

    private mutating func readAdmission(_ file: Safetensors) throws {
        guard var counts = AdmissionCounts(layout), let text = file.metadata["admission_last_day"] else { return }
        guard let lastDay = Int32(text) else { throw SafetensorsError.metadata("admission_last_day") }
        counts.lastDay = lastDay
        for (index, shape) in layout.fields.enumerated() where shape.admission != nil {
            func integers(_ name: String, _ count: Int?) throws -> [Int32] {
                let tensor = file.integers["\(name).\(shape.name)"]
                let expected = [count ?? tensor?.values.count ?? 0]
                guard let tensor, tensor.shape == expected else {
                    throw SafetensorsError.tensor(
                        name: "\(name).\(shape.name)", expected: expected, found: tensor?.shape)
                }
                return tensor.values
            }
            var rows = shape.rows
            if shape.hasIDTable == true {
                let met = try integers("admission_id", nil).map { UInt32(bitPattern: $0) }
                guard IDTable(met) != nil else {
                    throw SafetensorsError.malformed(
                        "the ids of admission_id.\(shape.name) are not ascending numbers above 0")
                }
                counts.fields[index]?.ids = met
                rows = met.count
            }
            counts.fields[index]?.counts = try integers("admission_count", rows)
            counts.fields[index]?.lastSeen = try integers("admission_last_seen", rows)
        }
        admission = counts
    }

    /// Every tensor with its name, its shape and where it lies.
    private func visit(_ body: Safetensors.Visitor) {
        for (name, _, tables) in embeddings { tables.visit(name, body) }
        for (net, branch) in branches { branch.linear?.tables.visit("\(net.name)_linear", body) }
        for (name, net) in denseNets { net.visit(name, body) }
    }
}

extension ModelDescription {
    /// The tensors of an arm's model.
    fileprivate func tensors(of arm: Arm) -> [TensorShape] {
        let light = arm.nets.contains(.servedLight) ? lightTensors : []
        guard arm.nets.contains(.booster) else { return light }
        // As `denseNets` names them where each net has its own.
        let isApart = arm.nets.count > 1 && !sharesEmbeddings
        return light
            + boosterTensors(
                embeddings: isApart ? "booster_embedding" : "embedding", shared: isApart ? "booster_shared" : "shared")
    }
}

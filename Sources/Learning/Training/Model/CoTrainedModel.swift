import FeatureCache
import Foundation
import Nets
import RocketLaunching

/// The parameters of an arm: embedding tables and the nets that it trains.
public struct CoTrainedModel: Sendable {
    public let layout: InputLayout
    /// Which rows the ids of the data have.
    public let ids: IDTables
    public private(set) var nets: NetSpecification
    public private(set) var arm: Arm
    /// Hidden layers that the nets have in common.
    let sharedLayers: Int
    /// The nets that the arm trains, light nets first, and of these the one that leads.
    package var branches: [(net: Net, branch: Branch)]
    /// What the nets have in common: the same objects in all their branches. With the embeddings the trunk if there is
    /// one.
    package private(set) var sharing: Sharing
    /// Which ids have their own embedding, and why; nil where no field has a rule.
    public internal(set) var admission: AdmissionCounts?

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
        let order = arm.nets(nets.lightNames.map { .light($0) })
        let sharing = arm.sharing(rocket.sharing, among: order)
        self.sharing = sharing
        let trunkLayers = sharing == .embeddings ? rocket.sharedLayers : 0
        self.sharedLayers = trunkLayers
        func embeddings(_ dim: Int, stream: UInt64) -> EmbeddingTables {
            let tables = EmbeddingTables(layout: layout, dim: dim, shard: shard)
            tables.initialise(seed: seed, stream: stream, deviation: 0.05)
            return tables
        }
        let boosterStream: UInt64 = jobSharing == .embeddings ? 0x454D_0000 : 0x4542_0000
        let sharedTables = sharing == .nothing ? nil : embeddings(nets.embeddingDim, stream: 0x454D_0000)
        // The layers that the job's rocket shares, which an arm without a trunk has in its nets.
        let trunkStream: UInt64 = 0x5348_0000
        let ownTrunkLayers = sharing == .embeddings || jobSharing != .embeddings ? 0 : rocket.sharedLayers
        var trunk: DenseNet?
        if trunkLayers > 0 {
            let width = layout.inputWidth(embeddingDim: nets.embeddingDim)
            let net = DenseNet(input: width, nets.booster.trunk(trunkLayers), end: .hiddenLayer)
            net.initialise(seed: seed, stream: trunkStream, logitBias: 0)
            trunk = net
        }
        func branch(_ specification: DenseSpecification, _ tables: EmbeddingTables, stream: UInt64) -> Branch {
            let dense = DenseNet(
                input: trunk?.outputWidth ?? tables.inputWidth, specification.above(trunk: trunkLayers))
            dense.initialise(
                seed: seed, stream: stream, logitBias: Float(logitBias), below: (ownTrunkLayers, trunkStream))
            return Branch(
                ids: ids, embeddings: tables, trunk: trunk, dense: dense,
                linear: specification.linear ? LinearPart(layout: layout, ftrl: ftrl, shard: shard) : nil)
        }
        // Every light net begins with the numbers of its streams that it would have alone.
        branches = order.map { net in
            switch net {
            case .light(let name):
                let tables = sharedTables ?? embeddings(nets.embeddingDim(of: name), stream: 0x454D_0000)
                return (net, branch(nets.dense(of: name) ?? nets.light, tables, stream: 0x4C49_0000))
            case .booster:
                let tables = sharing == .embeddings ? sharedTables : nil
                return (
                    net,
                    branch(
                        nets.booster, tables ?? embeddings(nets.embeddingDim, stream: boosterStream),
                        stream: 0x424F_0000)
                )
            }
        }
    }

    /// Light nets and a booster that were trained one after the other, with the same layout, as one model.
    public init(light: CoTrainedModel, booster: CoTrainedModel) {
        self = light
        arm = .rocket
        branches += booster.branches.filter { $0.net == .booster }
    }

    /// The model with one of its light nets, which is called `light` then: what a training with that net alone makes
    /// where nothing is shared. Nil where there is no such net.
    public func alone(_ light: String) -> CoTrainedModel? {
        guard let branch = self[.light(light)], let nets = nets.alone(light) else { return nil }
        var model = self
        model.nets = nets
        model.branches = [(.servedLight, branch)] + branches.filter { $0.net == .booster }
        if sharing == .lights { model.sharing = .nothing }
        return model
    }

    /// The model with its booster only: what a training of the booster alone makes where the rocket leaves it alone.
    package var boosterAlone: CoTrainedModel {
        var model = self
        (model.arm, model.sharing) = (.booster, .nothing)
        model.branches = branches.filter { $0.net == .booster }
        return model
    }

    /// What is between a row and the logit of a net; nil where the arm has no such net.
    package subscript(net: Net) -> Branch? { branches.first { $0.net == net }?.branch }
    /// That of the light net that leads.
    package var lightBranch: Branch? { self[.light(nets.lead)] }
    package var boosterBranch: Branch? { self[.booster] }

    /// The light nets that the arm trains, in the job file's order.
    public var lightNets: [Net] { nets.lights.map { .light($0.name) }.filter { self[$0] != nil } }

    /// All embedding tables, each once, with the names of their tensors.
    package var embeddings: [(name: String, owner: Parameters, tables: EmbeddingTables)] {
        let description = description
        return branches.indices.filter { isFirst($0) }.map { index in
            let (net, branch) = branches[index]
            let owner: Parameters =
                switch sharing {
                case .nothing: .own(net)
                case .lights: net.isLight ? .ofLightNets : .own(net)
                case .embeddings: .shared
                }
            return (description.prefixes(of: net.name, isFirst: index == 0).embeddings, owner, branch.embeddings)
        }
    }

    /// Whether no branch before has the same embeddings, and trunk if there is one.
    func isFirst(_ index: Int) -> Bool { !branches[..<index].contains { shares($0.net, with: branches[index].net) } }

    /// Whether two nets have embeddings in common, and a trunk if there is one.
    func shares(_ net: Net, with other: Net) -> Bool {
        switch sharing {
        case .nothing: false
        case .lights: net.isLight && other.isLight
        case .embeddings: true
        }
    }

    /// Whether a training with some settings shares the same parts: only such a one can continue from these weights.
    public func shares(as rocket: RocketSpecification) -> Bool {
        let rocket = arm.settings(rocket)
        let sharing = arm.sharing(rocket.sharing, among: branches.map(\.net))
        return sharing == self.sharing && sharedLayers == (sharing == .embeddings ? rocket.sharedLayers : 0)
    }

    /// The layers that all nets share.
    var trunk: DenseNet? { sharing == .embeddings ? branches.first?.branch.trunk : nil }

    /// All stacks of dense layers with the names of their tensors, each once.
    var denseNets: [(name: String, net: DenseNet)] {
        let description = description
        return branches.enumerated().flatMap { index, item in
            let trunk = isFirst(index) ? item.branch.trunk : nil
            let name = description.prefixes(of: item.net.name, isFirst: index == 0).shared
            return (trunk.map { [(name, $0)] } ?? []) + [(item.net.name, item.branch.dense)]
        }
    }

    /// Takes branches in place of those of the same nets.
    ///
    /// - Parameter sharing: what they have in common.
    mutating func take(_ kept: [Net: Branch], sharing: Sharing) {
        guard !kept.isEmpty else { return }
        branches = branches.map { ($0.net, kept[$0.net] ?? $0.branch) }
        self.sharing = sharing
    }

    /// Moves all logits of all nets by an amount.
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

    var sharesEmbeddings: Bool { branches.count < 2 || sharing == .embeddings }

    var description: ModelDescription {
        var description = ModelDescription(
            layout: layout, nets: nets, arm: arm.rawValue, sharesEmbeddings: sharesEmbeddings,
            sharedLayers: sharedLayers)
        if sharing == .lights { description.lightsShareEmbeddings = true }
        return description
    }

    /// What holds a weight that is no finite number: a field's embeddings or a net; nil when all are finite.
    var notFinite: String? {
        branches.lazy.compactMap { net, branch in
            branch.notFinite(net == .booster ? "booster" : "\(net.name) net")
        }.first
    }

    /// Scores with a net, nil where the arm has none of the name.
    public func scorer(of net: Net) -> Scorer? { self[net].map { Scorer($0) } }
    /// Scores with the light net that leads, nil where the arm has none.
    public var light: Scorer? { lightBranch.map { Scorer($0) } }
    /// Scores with the booster net, nil where the arm has none.
    public var booster: Scorer? { boosterBranch.map { Scorer($0) } }

    /// Parameters of a net besides embeddings.
    public func parameters(of net: Net) -> Int { self[net]?.parameterCount ?? 0 }
    /// Weights of a net's dense layers: multiplications a row.
    public func weights(of net: Net) -> Int { self[net]?.weightCount ?? 0 }
    /// Parameters of the booster net besides embeddings.
    public var boosterParameters: Int { parameters(of: .booster) }
    /// Parameters of all embedding tables.
    public var embeddingParameters: Int { embeddings.reduce(0) { $0 + $1.tables.parameterCount } }
}

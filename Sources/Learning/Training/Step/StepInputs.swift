import Arrays
import Nets
import RocketLaunching

/// The nets' inputs of a batch, with their gradients: one for nets that share their embeddings, or one each.
package struct StepInputs: Sendable {
    package struct Tables: Sendable {
        package let owner: Parameters
        package let embeddings: EmbeddingTables
        /// `[batch, inputWidth]`, of the nets that read whole rows; there is memory for it once one does.
        let x: GrowingFloats
        let size: Int
        package let gradients: InputGradients
        let group: ClippingGroup
        /// The part of the step under which the time of its rows is counted.
        let gathering, scattering: StepProfile.Part
    }

    /// The shared tables, or the light nets' and the booster's.
    package let tables: [Tables]
    /// Where the batch's ids occur, field by field.
    package let occurrences: [FieldOccurrences]
    private let fields: [Int]

    init(_ model: CoTrainedModel, rows: Int) {
        let first = model.branches.first?.net
        tables = model.embeddings.map { embeddings in
            let count = rows * embeddings.tables.inputWidth
            var (group, isFurther) = (ClippingGroup.shared, false)
            switch embeddings.owner {
            case .shared: break
            case .ofLightNets: group = .tablesOfLightNets
            case .own(let net): (group, isFurther) = (.tables(net), net.isLight && net != first)
            }
            return Tables(
                owner: embeddings.owner, embeddings: embeddings.tables, x: GrowingFloats(most: count), size: count,
                gradients: InputGradients(size: count), group: group, gathering: isFurther ? .otherLights : .gather,
                scattering: isFurther ? .otherLights : .scatter)
        }
        occurrences = model.layout.fields.map { _ in FieldOccurrences() }
        fields = model.layout.ownFields
    }

    /// Those that a net reads.
    func tables(of net: Net) -> Tables? {
        tables.first { $0.owner == .shared || $0.owner == .own(net) || net.isLight && $0.owner == .ofLightNets }
    }

    /// Finds where a batch's ids occur.
    func find(_ input: InputRows, _ parallel: Parallel, _ profile: StepProfile) {
        parallel.perform(parts: fields.count) { index in
            profile.time(.gather) {
                tables[0].embeddings.find(field: fields[index], input.ids, rows: input.rows, into: occurrences)
            }
        }
    }

    /// Gathers rows for the nets that read whole ones.
    func gather(_ input: InputRows, _ rows: Range<Int>, _ profile: StepProfile) {
        for tables in tables where tables.gradients.hasReaders {
            profile.time(tables.gathering) { input.write(rows, of: tables.embeddings, into: tables.x.array) }
        }
    }
}

/// What a lane's first layer reads in a step, and what becomes of its gradient.
final class LaneInput: @unchecked Sendable {
    private let input: GrowingFloats
    private(set) var gradient: DenseNet.InputGradient
    private let tables: StepInputs.Tables?
    private let trains: Bool
    /// Nil where the input is no embeddings, or the layer needs whole rows.
    private let first: FirstLayer?

    /// What other layers compute.
    init(_ x: FloatArray, _ gradient: DenseNet.InputGradient) {
        (input, self.gradient, tables, trains, first) = (GrowingFloats(x), gradient, nil, false, nil)
    }

    /// Embeddings.
    ///
    /// - Parameter trains: whether the tables are trained by this lane.
    init(_ net: DenseNet, _ tables: StepInputs.Tables, trains: Bool, _ training: TrainingSpecification) {
        (input, gradient, self.tables, self.trains) = (tables.x, .none, tables, trains)
        first = FirstLayer(
            net, tables.embeddings, trainsInput: trains, rows: training.batches.size, type: training.denseType)
        if let first { tables.gradients.add(first) }
    }

    /// `[batch, in]`, where the layer does not go by ids.
    var x: FloatArray { input.array }

    /// The first layer, where it goes by ids in this step.
    var byIDs: FirstLayer? { first.flatMap { $0.isByIDs ? $0 : nil } }

    /// Blocks of columns that a first layer by ids has.
    var blocks: Int { first?.blocks ?? 0 }

    /// Chooses each field's way for a batch.
    func plan(_ input: InputRows, _ occurrences: [FieldOccurrences]) {
        first?.plan(input.ids, occurrences, rows: input.rows)
    }

    /// Says how the tables are read, after `plan`; one lane after another.
    func connect() {
        guard let tables else { return }
        if let byIDs {
            gradient = .byIDs(byIDs)
        } else {
            input.reserve(tables.size)
            gradient = tables.gradients.addReader(trains: trains)
        }
    }
}

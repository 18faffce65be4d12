import Arrays
import Collectives
import Nets
import Training

/// What the ranks of a group exchange in a step: embedding rows and their gradients, and the sums of the dense
/// gradients.
///
/// The thread that trains calls it; others only drive pending transfers.
final class StepExchange: @unchecked Sendable {
    let collective: any Collective
    let rows: RowExchange
    /// The gradients of the rows that are kept here, of the current step.
    var received: ReceivedGradients?
    /// Sums of the dense gradients of all lanes, and of what their statistics add up.
    private let sums: [AllReduce]
    /// Where each set of tables comes among those of `rows`.
    private let positions: [ObjectIdentifier: Int]
    private let fields: [Int: Int]

    let layout: InputLayout

    init(_ step: TrainingStep, _ collective: any Collective) {
        self.collective = collective
        let (inputs, lanes) = (step.inputs, step.lanes)
        let layout = inputs.tables[0].embeddings.layout
        self.layout = layout
        let linear = lanes.compactMap(\.linear)
        let sets =
            inputs.tables.map { RowExchange.Tables(tables: $0.embeddings, gradients: $0.gradients) }
            + linear.map { RowExchange.Tables(tables: $0.part.tables, gradients: $0.workspace.gradients) }
        rows = RowExchange(sets, inputs.occurrences, layout: layout, over: collective, step.parallel)
        positions = Dictionary(
            uniqueKeysWithValues: sets.enumerated().map { (ObjectIdentifier($0.element.tables), $0.offset) })
        fields = Dictionary(uniqueKeysWithValues: layout.ownFields.enumerated().map { ($0.element, $0.offset) })
        sums = (lanes.map(\.gradient) + lanes.map(\.workspace.passStatistics)).filter { $0.count > 0 }
            .map { AllReduce($0, over: collective) }
    }

    /// What the ranks have sent for a field of a set of tables.
    func contributions(_ tables: EmbeddingTables, field: Int) -> (rows: [RowContribution], floats: FloatArray)? {
        guard let received, let position = positions[ObjectIdentifier(tables)], let index = fields[field] else {
            return nil
        }
        return (received.contributions(table: position, field: index), received.floats)
    }

    // MARK: Dense gradients

    /// Begins to add up the lanes' gradients and statistics.
    func startSums() throws {
        for sum in sums { try sum.start() }
    }

    func addSums() throws {
        for sum in sums { try sum.add() }
    }

    /// After which the sums are where this rank's numbers were.
    func finishSums() throws {
        for sum in sums { try sum.finish() }
    }
}

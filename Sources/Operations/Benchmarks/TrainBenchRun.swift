import Collectives
import FeatureCache
import Files
import Foundation
import Nets
import RankedTraining
import RocketLaunching
import Training

/// The paper's industrial nets on a shape's fields.
private struct BenchNets {
    static let nets = NetSpecification(
        embeddingDim: BenchShape.dim, light: [200, 80], booster: [720, 360, 240, 180, 90])

    /// Rows of each field's table.
    let rows: [Int]
    private let ids: BenchIDs

    init(_ data: TrainBenchOrder.Data) {
        rows = data.shape.rows(data.embeddingRows).map { $0 + (data.ids == .table ? 2 : 0) }
        ids = data.ids
    }

    /// The tables of ids: none, or in each field as many ids as it has rows, but for the missing value's and the shared
    /// one.
    private var tables: IDTables {
        guard ids == .table else { return .none }
        return IDTables(rows.map { count in IDTable((1...count - 2).map { Self.spread($0) }.sorted()) })
    }

    /// A different number of 31 bits for each rank, like a hash: the count of such numbers is prime.
    private static func spread(_ rank: Int) -> UInt32 { UInt32(1 + (rank * 0x9E37_79B1) % Int(IDTable.largestID)) }

    func trainer(_ order: TrainBenchOrder, _ collective: any Collective) -> CoTrainer {
        let layout = InputLayout(
            fields: rows.enumerated().map { index, rows in
                FieldShape(
                    name: "f\(index)", rows: rows, multiValued: false, hasIDTable: ids == .table ? true : nil)
            }, numerics: [])
        return CoTrainer(
            TrainingPlan(
                arm: order.arm, layout: layout, nets: Self.nets, rocket: RocketSpecification(sharing: .embeddings),
                training: TrainingSpecification(
                    batches: .init(size: order.batch), denseType: order.dtype, machine: .init(threads: order.threads)),
                clickRate: 0.02), known: KnownIDs(layout, tables: tables),
            peers: collective.isShared ? RankPeers(collective) : Alone())
    }

    /// A rank's rows of each batch.
    func data(rows count: Int, rank: Int) -> [SparseBatch] {
        let tables = ids == .table ? rows.map { $0 - 2 } : rows
        var batches = BenchShape.data(tables, rows: count, rank: rank)
        guard ids == .table else { return batches }
        for batch in batches.indices {
            batches[batch].fields = batches[batch].fields.map { field in
                guard case .single(let ids) = field else { return field }
                return .single(ids.map { Self.spread(Int($0) + 1) })
            }
        }
        return batches
    }
}

/// The trainer with its batches, on one rank.
struct TrainBenchRun {
    let trainer: CoTrainer
    let rows: Int
    private let collective: any Collective
    private let tables: [Int]
    let data: [SparseBatch]

    init(_ order: TrainBenchOrder, _ collective: any Collective) {
        let nets = BenchNets(order.data)
        self.collective = collective
        tables = nets.rows
        rows = nets.rows.reduce(0, +)
        data = nets.data(rows: max(1, order.batch / collective.ranks), rank: collective.rank)
        trainer = nets.trainer(order, collective)
    }

    /// Rows of a whole batch.
    var batch: Int { data[0].rows * collective.ranks }
    var batches: Int { data.count }

    /// Rank 0's number of steps, on all ranks.
    func agree(on steps: Int) throws -> Int {
        try Int(collective.startGather([Double(steps)]).wait()[0][0])
    }

    /// Computed from the probabilities of the ids, not from the ids drawn.
    var expectedBytesPerSample: Double {
        let share = Double(batch / collective.ranks)
        let distinct = tables.map { rows in
            let weights = (1...rows).map { pow(Double($0), -BenchShape.exponent) }
            let total = weights.reduce(0, +)
            return weights.reduce(0) { $0 + 1 - pow(1 - $1 / total, share) }
        }
        return trainer.exchangeCost(distinct: distinct).bytesPerStep(ranks: collective.ranks) / Double(batch)
    }

    /// Writes the ids of all batches for another program: UInt32, `[batches, rows, fields]`.
    func writeIDs(to path: String) throws {
        var bytes: [UInt8] = []
        for batch in data {
            for row in 0..<batch.rows {
                for field in batch.fields {
                    guard case .single(let ids) = field else { continue }
                    withUnsafeBytes(of: ids[row].littleEndian) { bytes.append(contentsOf: $0) }
                }
            }
        }
        try OutputFile(path, streams: .refused).replace(with: bytes)
    }

    func train(_ steps: Int) throws { try trainer.runSteps(steps, over: data) }
}

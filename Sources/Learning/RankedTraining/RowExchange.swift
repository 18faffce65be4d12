import Arrays
import Collectives
import Nets
import Training

/// The ways of embedding rows between the ranks of a training: the ids of a batch go to the ranks that keep their rows,
/// the rows come back, their gradients go there. All ranks do the same for the same step; the ids of a later batch may
/// be on their way while a step computes.
final class RowExchange {
    /// What is exchanged together: every table of the model, and its input's gradient.
    struct Tables: Sendable {
        let tables: EmbeddingTables
        let gradients: InputGradients
    }

    /// A batch whose ranks tell each other how many ids will come.
    struct Announcement {
        /// Or why this rank has no more, which ends the training when the others have come so far.
        fileprivate let batch: Result<InputRows, any Error>
        fileprivate let counts: any WordTransfer
    }

    /// A batch whose ids are on their way.
    struct Request {
        let batch: InputRows
        fileprivate let plan: RowPlan
        /// Ids that each rank asks this one for.
        fileprivate let counts: IDCounts
        fileprivate let places: any WordTransfer
    }

    /// The batch whose rows are here.
    private struct Fetched {
        let plan: RowPlan
        /// What the ranks asked this one for. `[ranks]`
        let places: [[UInt32]]
        let counts: IDCounts
        /// Where rows and gradients of this rank's ids lie, and those of the ids that others asked for.
        let own, asked: ExchangeLayout
    }

    /// How far the step has come.
    private enum State {
        case idle
        case fetched(Fetched)
        /// Its gradients are on their way.
        case sending(Fetched, any Transfer)
    }

    private let collective: any Collective
    private let layout: InputLayout
    private let fields: [Int]
    private let tables: [Tables]
    /// Where the ids of the step's batch occur.
    private let occurrences: [FieldOccurrences]
    /// Floats per id. `[fields × tables]`
    private let widths: [Int]
    private let parallel: Parallel
    private var state = State.idle
    /// Rows of this rank for others, and those that came; gradients for others, and those that came.
    private var rowsOut = FloatArray(count: 0), rowsIn = FloatArray(count: 0)
    private var gradientsOut = FloatArray(count: 0), gradientsIn = FloatArray(count: 0)

    init(
        _ tables: [Tables], _ occurrences: [FieldOccurrences], layout: InputLayout, over collective: any Collective,
        _ parallel: Parallel
    ) {
        self.collective = collective
        self.occurrences = occurrences
        self.layout = layout
        self.tables = tables
        self.parallel = parallel
        let fields = layout.ownFields
        self.fields = fields
        widths = fields.flatMap { field in tables.map { $0.tables.dims[field] } }
    }

    // MARK: Ids

    /// Tells the others how many ids of each table will come, or that this rank has no more batches for the reason
    /// given.
    func announce(_ batch: Result<InputRows, any Error>) throws -> Announcement {
        let ranks = collective.ranks
        var words = [[UInt32]](repeating: [UInt32](repeating: 1, count: fields.count + 1), count: ranks)
        if case .success(let batch) = batch {
            let counts = ownCounts(plan(of: batch))
            words = (0..<ranks).map { rank in [0] + fields.indices.map { UInt32(counts[rank, $0]) } }
        }
        let receiving = [Int](repeating: fields.count + 1, count: ranks)
        return Announcement(batch: batch, counts: try collective.startAllToAll(words, receiving: receiving))
    }

    private func plan(of batch: InputRows) -> RowPlan {
        batch.plan as? RowPlan ?? RowPlan(batch.ids, layout: layout, ranks: collective.ranks)
    }

    /// Sends the ids.
    ///
    /// - Throws: what `announce` was given, or `CollectiveError.failed` where another rank could not announce a batch.
    func request(_ announcement: Announcement) throws -> Request {
        let words = try announcement.counts.wait()
        try check(words, announcement.batch)
        let batch = try announcement.batch.get()
        let plan = plan(of: batch)
        let counts = IDCounts(
            ranks: collective.ranks, fields: fields.count, words.flatMap { $0.dropFirst().map { Int($0) } })
        let places = try collective.startAllToAll(plan.requests, receiving: counts.totals)
        return Request(batch: batch, plan: plan, counts: counts, places: places)
    }

    /// Waits for what is on its way of batches that nobody will train on.
    func drop(_ request: Request?, _ announcement: Announcement?) throws {
        _ = try request?.places.wait()
        _ = try announcement?.counts.wait()
    }

    /// Where one rank cannot continue, all end with its reason.
    private func check(_ words: [[UInt32]], _ batch: Result<InputRows, any Error>) throws {
        guard words.contains(where: { $0[0] != 0 }) else { return }
        var failure: (any Error)?
        if case .failure(let error) = batch { failure = error }
        try collective.agree(failure)
    }

    private func ownCounts(_ plan: RowPlan) -> IDCounts {
        IDCounts(
            ranks: collective.ranks, fields: fields.count,
            (0..<collective.ranks).flatMap { rank in
                fields.map { plan.bounds[$0][rank + 1] - plan.bounds[$0][rank] }
            })
    }

    // MARK: Rows

    /// Brings the rows of a batch here, where the tables then have them by their slots.
    func fetch(_ request: Request) throws {
        let (ranks, plan) = (collective.ranks, request.plan)
        let fetched = Fetched(
            plan: plan, places: try request.places.wait(), counts: request.counts,
            own: ExchangeLayout(ownCounts(plan), widths: widths),
            asked: ExchangeLayout(request.counts, widths: widths))
        state = .fetched(fetched)
        rowsOut = Self.grown(rowsOut, fetched.asked)
        rowsIn = Self.grown(rowsIn, fetched.own)
        let (rowsOut, rowsIn) = (rowsOut, rowsIn)
        parallel.perform(parts: fields.count) { [tables, fields] index in
            for rank in 0..<ranks {
                let part = fetched.places[rank][fetched.counts.places(rank, index)]
                for number in tables.indices {
                    tables[number].tables.copyRows(
                        field: fields[index], part, to: rowsOut,
                        at: fetched.asked.start(rank, field: index, table: number))
                }
            }
        }
        let rows = try collective.startAllToAll(rowsOut, fetched.asked.floats, into: rowsIn, fetched.own.floats)
        for field in fields {
            for tables in tables { tables.tables.borrow(field: field, slots: plan.bounds[field][ranks]) }
        }
        try rows.wait()
        parallel.perform(parts: fields.count) { [tables, fields] index in
            let bounds = plan.bounds[fields[index]]
            for rank in 0..<ranks {
                for number in tables.indices {
                    tables[number].tables.takeRows(
                        field: fields[index], slots: bounds[rank]..<bounds[rank + 1], from: rowsIn,
                        at: fetched.own.start(rank, field: index, table: number))
                }
            }
        }
    }

    // MARK: Gradients

    /// Adds up the gradients of the rows that `fetch` brought, and sends them to the ranks that keep the rows.
    func startGradients() throws {
        guard case .fetched(let fetched) = state else { return }
        gradientsOut = Self.grown(gradientsOut, fetched.own)
        gradientsIn = Self.grown(gradientsIn, fetched.asked)
        let (gradientsOut, plan) = (gradientsOut, fetched.plan)
        let (ranks, occurrences) = (collective.ranks, occurrences)
        parallel.perform(parts: fields.count * tables.count) { [tables, fields] part in
            let (index, number) = (part / tables.count, part % tables.count)
            let (field, set) = (fields[index], tables[number])
            set.tables.sumGradients(field: field, occurrences, set.gradients)
            for rank in 0..<ranks {
                set.tables.copyGradients(
                    field: field, slots: plan.bounds[field][rank]..<plan.bounds[field][rank + 1], to: gradientsOut,
                    at: fetched.own.start(rank, field: index, table: number))
            }
        }
        state = .sending(
            fetched,
            try collective.startAllToAll(gradientsOut, fetched.own.floats, into: gradientsIn, fetched.asked.floats))
    }

    /// The gradients of the rows that are kept here; nil where none were started.
    func finishGradients() throws -> ReceivedGradients? {
        guard case .sending(let fetched, let transfer) = state else { return nil }
        try transfer.wait()
        state = .fetched(fetched)
        let contributions = tables.indices.flatMap { number in
            fields.indices.map { index in
                fetched.places.indices.map { rank in
                    RowContribution(
                        places: fetched.places[rank][fetched.counts.places(rank, index)],
                        start: fetched.asked.start(rank, field: index, table: number))
                }
            }
        }
        return ReceivedGradients(fields: fields.count, contributions: contributions, floats: gradientsIn)
    }

    private static func grown(_ array: FloatArray, _ layout: ExchangeLayout) -> FloatArray {
        layout.count <= array.count ? array : FloatArray(count: layout.count * 5 / 4)
    }
}

/// Gradients of the rows that a rank keeps, as all ranks have sent them.
struct ReceivedGradients: Sendable {
    fileprivate let fields: Int
    /// What each rank sent for a table's field. `[tables × fields][ranks]`
    fileprivate let contributions: [[RowContribution]]
    let floats: FloatArray

    /// What the ranks sent for a field of a table, in their order.
    func contributions(table: Int, field: Int) -> [RowContribution] { contributions[table * fields + field] }
}

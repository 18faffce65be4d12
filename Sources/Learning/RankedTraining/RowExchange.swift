import Arrays
import Collectives
import Nets
import Training

/// The ways of embedding rows between the ranks of a training: the ids of a batch go to the ranks that keep their rows,
/// the rows come back, their gradients go there. All ranks do the same for the same step; the ids of a later batch may
/// be on their way while a step computes.
final class RowExchange {
    /// What is exchanged together: every table of the model, and where its input's gradient lies.
    struct Tables: Sendable {
        let tables: EmbeddingTables
        /// `[batch, inputWidth]`
        let gradient: FloatArray
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
        /// Ids that each rank asks this one for, by field with a table of its own. `[ranks][own fields]`
        fileprivate let counts: [[Int]]
        fileprivate let places: any WordTransfer
    }

    private let collective: any Collective
    private let layout: InputLayout
    private let fields: [Int]
    private let tables: [Tables]
    private let parallel: Parallel
    /// What the others asked this rank for, of the batch whose rows are here.
    private var asked: (places: [[UInt32]], counts: [[Int]]) = ([], [])
    private var plan: RowPlan?
    /// Rows of this rank for others, and those that came; gradients for others, and those that came.
    private var rowsOut = FloatArray(count: 0), rowsIn = FloatArray(count: 0)
    private var gradientsOut = FloatArray(count: 0), gradientsIn = FloatArray(count: 0)
    private var transfer: (any Transfer)?

    init(_ tables: [Tables], layout: InputLayout, over collective: any Collective, _ parallel: Parallel) {
        self.collective = collective
        self.layout = layout
        self.tables = tables
        self.parallel = parallel
        fields = layout.ownFields
    }

    // MARK: Ids

    /// Tells the others how many ids of each table will come, or that this rank has no more batches for the reason
    /// given.
    func announce(_ batch: Result<InputRows, any Error>) throws -> Announcement {
        let ranks = collective.ranks
        var words = [[UInt32]](repeating: [UInt32](repeating: 1, count: fields.count + 1), count: ranks)
        if case .success(let batch) = batch {
            let counts = ownCounts(plan(of: batch))
            words = counts.map { [0] + $0.map { UInt32($0) } }
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
        let counts = words.map { $0.dropFirst().map { Int($0) } }
        let places = try collective.startAllToAll(plan.requests, receiving: counts.map { $0.reduce(0, +) })
        return Request(batch: batch, plan: plan, counts: counts, places: places)
    }

    /// Waits for what is on its way of batches that nobody will train on.
    func drop(_ request: Request?, _ announcement: Announcement?) throws {
        _ = try request?.places.wait()
        _ = try announcement?.counts.wait()
    }

    /// Where one rank cannot go on, all end with its reason.
    private func check(_ words: [[UInt32]], _ batch: Result<InputRows, any Error>) throws {
        guard words.contains(where: { $0[0] != 0 }) else { return }
        var failure: (any Error)?
        if case .failure(let error) = batch { failure = error }
        try collective.agree(failure)
    }

    // MARK: Rows

    /// Brings the rows of a batch here, where the tables then have them by their slots.
    func fetch(_ request: Request) throws {
        let places = try request.places.wait()
        asked = (places, request.counts)
        plan = request.plan
        let (out, outCounts) = layOut(request.counts)
        let (inside, inCounts) = layOut(ownCounts(request.plan))
        rowsOut = Self.grown(rowsOut, outCounts)
        rowsIn = Self.grown(rowsIn, inCounts)
        let (rowsOut, rowsIn) = (rowsOut, rowsIn)
        let placeStarts = starts(request.counts)
        parallel.perform(parts: fields.count) { [tables, fields] index in
            for rank in places.indices {
                let part = places[rank][placeStarts[rank][index]..<placeStarts[rank][index + 1]]
                for number in tables.indices {
                    tables[number].tables.copyRows(
                        field: fields[index], part, to: rowsOut, at: out[rank][index][number])
                }
            }
        }
        let rows = try collective.startAllToAll(rowsOut, outCounts, into: rowsIn, inCounts)
        for field in fields {
            for tables in tables {
                tables.tables.borrow(field: field, slots: request.plan.bounds[field][collective.ranks])
            }
        }
        try rows.wait()
        let plan = request.plan
        parallel.perform(parts: fields.count) { [tables, fields] index in
            let bounds = plan.bounds[fields[index]]
            for rank in places.indices {
                for number in tables.indices {
                    tables[number].tables.takeRows(
                        field: fields[index], slots: bounds[rank]..<bounds[rank + 1], from: rowsIn,
                        at: inside[rank][index][number])
                }
            }
        }
    }

    // MARK: Gradients

    /// Adds up the gradients of the rows that `fetch` brought, and sends them to the ranks that keep the rows.
    func startGradients(rows: Int) throws {
        guard let plan else { return }
        let (out, outCounts) = layOut(ownCounts(plan))
        let (_, inCounts) = layOut(asked.counts)
        gradientsOut = Self.grown(gradientsOut, outCounts)
        gradientsIn = Self.grown(gradientsIn, inCounts)
        let gradientsOut = gradientsOut
        parallel.perform(parts: fields.count * tables.count) { [tables, fields] part in
            let (index, number) = (part / tables.count, part % tables.count)
            let (field, set) = (fields[index], tables[number])
            set.tables.sumGradients(field: field, plan.slots, rows: rows, gradient: set.gradient)
            for rank in out.indices {
                set.tables.copyGradients(
                    field: field, slots: plan.bounds[field][rank]..<plan.bounds[field][rank + 1], to: gradientsOut,
                    at: out[rank][index][number])
            }
        }
        transfer = try collective.startAllToAll(gradientsOut, outCounts, into: gradientsIn, inCounts)
    }

    /// The gradients of the rows that are kept here.
    func finishGradients() throws -> ReceivedGradients {
        try transfer?.wait()
        transfer = nil
        let (inside, _) = layOut(asked.counts)
        let placeStarts = starts(asked.counts)
        let contributions = tables.indices.map { number in
            fields.indices.map { index in
                asked.places.indices.map { rank in
                    RowContribution(
                        places: asked.places[rank][placeStarts[rank][index]..<placeStarts[rank][index + 1]],
                        start: inside[rank][index][number])
                }
            }
        }
        return ReceivedGradients(contributions: contributions, floats: gradientsIn)
    }

    // MARK: Where things lie

    private func ownCounts(_ plan: RowPlan) -> [[Int]] {
        (0..<collective.ranks).map { rank in fields.map { plan.bounds[$0][rank + 1] - plan.bounds[$0][rank] } }
    }

    /// Where each rank's floats of each field and table begin, `[ranks][own fields][tables]`, and each rank's count of
    /// floats.
    private func layOut(_ counts: [[Int]]) -> (starts: [[[Int]]], floats: [Int]) {
        var end = 0
        var floats: [Int] = []
        let starts = counts.map { counts -> [[Int]] in
            let first = end
            defer { floats.append(end - first) }
            return zip(fields, counts).map { field, count in
                tables.map { tables in
                    defer { end += count * tables.tables.dims[field] }
                    return end
                }
            }
        }
        return (starts, floats)
    }

    /// Where each rank's ids of each field begin among all of its ids, and the end. `[ranks][own fields + 1]`
    private func starts(_ counts: [[Int]]) -> [[Int]] {
        counts.map { $0.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) } }
    }

    private static func grown(_ array: FloatArray, _ counts: [Int]) -> FloatArray {
        let count = counts.reduce(0, +)
        return count <= array.count ? array : FloatArray(count: count * 5 / 4)
    }
}

/// Gradients of the rows that a rank keeps, as all ranks have sent them.
struct ReceivedGradients: Sendable {
    /// By table, own field and rank.
    let contributions: [[[RowContribution]]]
    let floats: FloatArray
}

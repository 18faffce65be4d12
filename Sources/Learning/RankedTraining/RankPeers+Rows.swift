import Arrays
import Collectives
import FeatureCache
import Nets
import Training

/// Which rows a rank has, and how it gets their embeddings.
extension RankPeers {
    package func reads(_ number: Int) -> Bool { number % collective.ranks == collective.rank }

    package func part(of batch: SparseBatch, _ lookup: RowLookup) -> InputRows {
        let (rank, ranks) = (collective.rank, collective.ranks)
        return InputRows(batch.rows * rank / ranks..<batch.rows * (rank + 1) / ranks, of: batch, lookup)
    }

    package func equalPart(_ rows: SparseBatch, _ lookup: RowLookup) -> InputRows {
        let first = UInt32(collective.rank * rows.rows)
        return InputRows(
            rows, ofBatch: collective.ranks * rows.rows, numbers: Array(first..<first + UInt32(rows.rows)), lookup)
    }

    package func planned(_ input: InputRows) -> InputRows {
        var planned = input
        let plan = RowPlan(input.ids, layout: exchange.layout, ranks: collective.ranks)
        planned.ids = plan.slots
        planned.plan = plan
        return planned
    }

    /// The ids of the next batch are on their way while `body` works on one.
    package func forEach(
        of queue: BatchQueue, _ profile: StepProfile, _ body: (InputRows) throws -> Bool
    ) throws {
        let rows = exchange.rows
        var announced = try queue.announced(to: rows)
        var requested = try announced.map { try rows.request($0) }
        announced = requested == nil ? nil : try queue.announced(to: rows)
        while let current = requested {
            try profile.time(.exchange) { try rows.fetch(current) }
            requested = try announced.map { try rows.request($0) }
            announced = requested == nil ? nil : try queue.announced(to: rows)
            let goesOn: Bool
            do {
                goesOn = try body(current.batch)
            } catch let error as TrainingError {
                // All ranks end so.
                try rows.drop(requested, announced)
                throw error
            }
            guard goesOn else { return try rows.drop(requested, announced) }
        }
    }

    /// Each rank scores its own blocks, in as many rounds as the rank with the most needs.
    package func scores(
        _ heldOut: HeldOutRows, _ score: (InputRows) -> [Float]
    ) throws -> (labels: [UInt8], logits: [Float]) {
        let (parts, noRows) = try collective.together {
            let own = try heldOut.blocks.enumerated().filter { reads($0.offset) }
                .flatMap { heldOut.pieces(of: try $0.element()) }
            return (own, try heldOut.blocks.first.map { heldOut.nothing(of: try $0()) })
        }
        let rounds = try collective.startGather([Double(parts.count)]).wait().map { Int($0[0]) }.max() ?? 0
        var (labels, logits): ([UInt8], [Float]) = ([], [])
        for round in 0..<rounds {
            guard let rows = round < parts.count ? parts[round] : noRows else { break }
            let input = planned(rows)
            try exchange.rows.fetch(exchange.rows.request(exchange.rows.announce(.success(input))))
            labels += input.labels
            logits += score(input)
        }
        return try gathered(labels, logits)
    }

    /// What all ranks have scored, rank by rank.
    private func gathered(_ labels: [UInt8], _ logits: [Float]) throws -> (labels: [UInt8], logits: [Float]) {
        let counts = try collective.startGather([Double(labels.count)]).wait().map { 2 * Int($0[0]) }
        let all = FloatArray(count: counts.reduce(0, +))
        var starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
        let own = FloatArray(labels.map { Float($0) } + logits)
        all.copy(own, from: 0, to: starts[collective.rank], count: own.count)
        try collective.startAllGather(all, counts).wait()
        starts.removeLast()
        let halves = zip(starts, counts).map { start, count in
            (start..<start + count / 2, start + count / 2..<start + count)
        }
        return (halves.flatMap { $0.0.map { UInt8(all[$0]) } }, halves.flatMap { $0.1.map { all[$0] } })
    }
}

extension BatchQueue {
    /// The next batch, of which the other ranks are being told; nil after the last. Where reading has failed they are
    /// told that, and all end when they come to the batch.
    fileprivate func announced(to rows: RowExchange) throws -> RowExchange.Announcement? {
        switch Swift.Result(catching: { try next() }) {
        case .success(let batch): try batch.map { try rows.announce(.success($0)) }
        case .failure(let error): try rows.announce(.failure(error))
        }
    }
}

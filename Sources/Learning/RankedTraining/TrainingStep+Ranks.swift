import Collectives
import Nets
import Training

/// The step of a group of ranks after the backward pass. Every gradient is added up in the order of the ranks, and
/// every parameter is updated with the same bits wherever it is kept.
extension TrainingStep {
    /// Adds up the gradients of all ranks: the dense ones everywhere, the rows' at the ranks that keep them.
    func sumGradients(_ input: InputRows, _ exchange: StepExchange) throws {
        try startSums(input, exchange)
        try profile.time(.exchange) {
            try exchange.addSums()
            try exchange.finishSums()
        }
    }

    private func startSums(_ input: InputRows, _ exchange: StepExchange) throws {
        try profile.time(.scatter) { try exchange.rows.startGradients() }
        parallel.perform(parts: work.count) { index in
            gradient(work[index], input, input.rows)
            exchange.collective.progress()
        }
        for lane in lanes { lane.net.sumStatistics(lane.workspace, batch: input.batchRows) }
        try profile.time(.exchange) {
            try exchange.startSums()
            exchange.received = try exchange.rows.finishGradients()
        }
    }

    /// Adds up the gradients of all ranks and updates what is kept here.
    func updateTogether(_ input: InputRows, _ rates: StepRates, _ exchange: StepExchange) throws {
        try startSums(input, exchange)
        try profile.time(.exchange) { try exchange.addSums() }
        guard let limit = training.optimisation.gradientClip else {
            // While the sums of the dense gradients are on their way.
            updateRows(input, rates, exchange)
            try profile.time(.exchange) { try exchange.finishSums() }
            updateDense(input, rates)
            return
        }
        try profile.time(.exchange) { try exchange.finishSums() }
        for (index, square) in try squaredNormsTogether(input, exchange).enumerated() { norms[index] = Float(square) }
        scaleGroups(limit)
        updateRows(input, rates, exchange)
        updateDense(input, rates)
    }

    /// Squared norms of all pieces' gradients, those of rows added up over the ranks that keep them.
    func squaredNormsTogether(_ input: InputRows, _ exchange: StepExchange) throws -> [Double] {
        let squares = work.map { work -> Double in
            guard let (tables, field) = work.rows else { return 0 }
            return exchange.contributions(tables, field: field).map {
                tables.squaredNorm(field: field, $0.rows, of: $0.floats)
            } ?? 0
        }
        let sums = try exchange.collective.startGather(squares).sum()
        return zip(work, sums).map { $0.rows == nil ? squaredNorm($0, input, input.rows) : $1 }
    }

    private func updateDense(_ input: InputRows, _ rates: StepRates) {
        parallel.perform(parts: work.count) { index in
            guard work[index].rows == nil else { return }
            update(work[index], input, input.rows, rates, scale: scale(index))
        }
        for lane in lanes { lane.net.updateStatistics(lane.workspace, share: share(input)) }
    }

    private func updateRows(_ input: InputRows, _ rates: StepRates, _ exchange: StepExchange) {
        parallel.perform(parts: work.count) { index in
            guard let (tables, field) = work[index].rows,
                let received = exchange.contributions(tables, field: field)
            else { return }
            var rate = rates.embeddings
            if case .linear = work[index] { rate = rates.linear }
            profile.time(.scatter) {
                tables.update(
                    field: field, received.rows, of: received.floats, scale: scale(index),
                    learningRate: rate)
            }
            exchange.collective.progress()
        }
    }

    private func scale(_ index: Int) -> Float {
        training.optimisation.gradientClip == nil ? 1 : scales[groups[index]]
    }
}

extension TrainingStep.Work {
    /// The table whose rows are updated; nil for dense parameters.
    fileprivate var rows: (tables: EmbeddingTables, field: Int)? {
        switch self {
        case .dense: nil
        case .linear(let lane, let field): lane.linear.map { ($0.part.tables, field) }
        case .tables(let tables, let field): (tables.embeddings, field)
        }
    }
}

import Nets
import RocketLaunching

/// The parameters' gradients and updates, piece of work by piece of work.
extension TrainingStep {
    /// The gradients of all parameters, after the backward pass.
    func computeGradients(_ input: InputRows) {
        parallel.perform(parts: work.count) { gradient(work[$0], input, input.rows) }
    }

    /// The gradients after the backward pass, and with them the updates.
    func update(_ input: InputRows, _ rates: StepRates) {
        updateStatistics(input)
        guard let limit = training.optimisation.gradientClip else {
            // A part's update follows at once, while its gradient lies in the cache.
            parallel.perform(parts: work.count) { index in
                gradient(work[index], input, input.rows)
                update(work[index], input, input.rows, rates, scale: 1)
            }
            return
        }
        parallel.perform(parts: work.count) { index in
            gradient(work[index], input, input.rows)
            norms[index] = Float(squaredNorm(work[index], input, input.rows))
        }
        scaleGroups(limit)
        parallel.perform(parts: work.count) { index in
            update(work[index], input, input.rows, rates, scale: scales[groups[index]])
        }
    }

    /// Running means and variances of batch-norm and Dice.
    private func updateStatistics(_ input: InputRows) {
        for lane in lanes {
            lane.net.sumStatistics(lane.workspace, batch: input.rows)
            lane.net.updateStatistics(lane.workspace, share: share(input))
        }
    }

    /// Share of a full batch.
    package func share(_ input: InputRows) -> Float { Float(input.batchRows) / Float(training.batches.size) }

    /// From `norms`, what clipping to a limit multiplies each group's gradients by.
    package func scaleGroups(_ limit: Double) {
        for group in 0..<scales.count {
            var sum = 0.0
            for index in work.indices where groups[index] == group { sum += Double(norms[index]) }
            scales[group] = Float(min(1, limit / max(sum.squareRoot(), 1e-30)))
        }
    }

    /// Norms of what `gradients` has left.
    ///
    /// - Throws: what a peer that does not answer does.
    func norms(_ input: InputRows) throws -> TrainingReport.GradientNorms.Norms {
        let squares = try peers.squaredNorms(self, input)
        func norm(_ parameters: Parameters) -> Double {
            zip(work, squares).filter { $0.0.reported == parameters }.reduce(0) { $0 + $1.1 }.squareRoot()
        }
        return TrainingReport.GradientNorms.Norms(
            shared: norm(.shared), light: norm(lights.first?.parameters ?? .own(.servedLight)),
            booster: norm(.own(.booster)))
    }

    package func gradient(_ work: Work, _ input: InputRows, _ rows: Int) {
        // Embeddings' and linear weights' gradients are added up when they are used.
        guard case .dense(let lane, let part) = work else { return }
        guard rows > 0 else { return lane.net.clear(part, gradient: lane.gradient) }
        profile.time(lane.part) { lane.gradient(of: part, rows: rows) }
    }

    package func squaredNorm(_ work: Work, _ input: InputRows, _ rows: Int) -> Double {
        switch work {
        case .dense(let lane, let part): lane.net.squaredNorm(of: part, gradient: lane.gradient)
        case .linear(let lane, let field):
            lane.linear.map {
                $0.part.tables.squaredNorm(field: field, inputs.occurrences, $0.workspace.gradients)
            } ?? 0
        case .tables(let tables, let field):
            tables.embeddings.squaredNorm(field: field, inputs.occurrences, tables.gradients)
        }
    }

    package func update(_ work: Work, _ input: InputRows, _ rows: Int, _ rates: StepRates, scale: Float) {
        switch work {
        case .dense(let lane, let part):
            guard let step = rates[lane.parameters] else { return }
            profile.time(lane.part(.optimiser)) {
                lane.net.update(
                    part, gradient: lane.gradient, scale: scale, l2: Float(training.optimisation.dense.l2),
                    by: lane.optimiser, step)
                lane.net.roundWeights(of: part, lane.workspace)
            }
        case .linear(let lane, let field):
            guard let (part, workspace) = lane.linear else { return }
            profile.time(lane.part(.scatter)) {
                part.tables.update(
                    field: field, inputs.occurrences, workspace.gradients, scale: scale, learningRate: rates.linear)
            }
        case .tables(let tables, let field):
            profile.time(tables.scattering) {
                tables.embeddings.update(
                    field: field, inputs.occurrences, tables.gradients, scale: scale,
                    learningRate: rates.embeddings)
            }
        }
    }
}

import CounterRandom
import Nets
import RocketLaunching

/// Forward and backward, slice by slice.
extension TrainingStep {
    func propagate(
        _ input: InputRows, _ number: Int, _ terms: LossTerms, _ hintScale: Double
    ) -> StepLosses {
        plan(input)
        forEachBlock { layer, block, lane in layer.forward(block: block, rows: input.rows, lane.workspace) }
        let size = (input.rows + slices - 1) / slices
        parallel.perform(parts: slices) { index in
            let slice = Slice(
                number: index, rows: min(index * size, input.rows)..<min((index + 1) * size, input.rows),
                dropout: DenseNet.Dropout(
                    key: CounterRandom(seed: training.seed, stream: 0x4452_4F50, position: UInt64(number)).first,
                    rowNumbers: input.rowNumbers))
            inputs.gather(input, slice.rows, profile)
            for lane in lanes {
                profile.time(lane.part(.gather)) { lane.gather(input, slice) }
            }
            if let trunk { profile.time(trunk.part) { trunk.forward(slice) } }
            for lane in nets {
                profile.time(lane.part) {
                    lane.forward(slice)
                    lane.addLinear(input.ids, slice)
                }
            }
            if let teacher {
                profile.time(.booster) { teacher.scorer.score(input.forTeacher.sparse, slice.rows) }
            }
            profile.time(.hint) { sums[index].losses = writeLogitGradients(input, slice.rows, terms, hintScale) }
            for lane in nets { profile.time(lane.part) { lane.backward(slice) } }
            if let trunk { profile.time(trunk.part) { trunk.backward(slice) } }
            peers.progress()
        }
        forEachBlock { layer, block, lane in
            layer.backward(block: block, rows: input.rows, lane.workspace, into: lane.gradient)
        }
        var losses = StepLosses()
        for slice in sums { losses.add(slice.losses, over: Double(input.batchRows)) }
        return losses
    }

    /// Finds where the batch's ids occur, and chooses which fields go through the first layers by ids.
    private func plan(_ input: InputRows) {
        inputs.find(input, parallel, profile)
        parallel.perform(parts: lanes.count) { index in
            profile.time(lanes[index].part(.gather)) {
                lanes[index].plan(input, inputs.occurrences)
            }
        }
        for tables in inputs.tables { tables.gradients.clear() }
        for lane in lanes { lane.connect() }
        teacher?.scorer.prepare(input.forTeacher.sparse, parallel) { profile.time(.booster, $0) }
    }

    private func forEachBlock(_ body: @Sendable (FirstLayer, Int, Lane) -> Void) {
        guard lanes.contains(where: { $0.byIDs != nil }) else { return }
        parallel.perform(parts: blocks.count) { index in
            let (lane, number) = blocks[index]
            guard let layer = lane.byIDs else { return }
            profile.time(lane.part) { body(layer, number, lane) }
            peers.progress()
        }
    }

    /// Fills the workspaces' `outputGradient` and sums the loss terms. Each row counts 1 / batch.
    private func writeLogitGradients(
        _ input: InputRows, _ rows: Range<Int>, _ terms: LossTerms, _ hintScale: Double
    ) -> StepLosses {
        let scale = 1 / Double(input.batchRows)
        let light = lights.first
        // Without a light net or a booster there is nothing to compare.
        let teaches = light != nil && (booster != nil || teacher != nil)
        let gradient = LogitGradient(rocket, terms, hintScale: teaches ? hintScale : 0)
        let (z, l) = (light?.workspace.output, booster?.workspace.output ?? teacher?.scorer.logits)
        // A teacher predicts the log's click rate, this training sees that of its sample.
        let excess = booster == nil ? training.logitExcess : 0
        var losses = StepLosses(further: max(0, lights.count - 1))
        for row in rows {
            let (logit, label) = (l.map { Double($0[row]) + excess } ?? 0, Double(input.labels[row]))
            let loss = rocket.loss(z: z.map { Double($0[row]) } ?? 0, l: logit, label: label)
            losses.light += loss.light.loss
            losses.booster += loss.booster.loss
            losses.hint += loss.hint.loss
            light?.workspace.outputGradient[row] = Float(scale * gradient.dz(loss))
            var dl = gradient.dl(loss)
            for (index, lane) in lights.dropFirst().enumerated() {
                let loss = rocket.loss(z: Double(lane.workspace.output[row]), l: logit, label: label)
                losses.further[index].light += loss.light.loss
                losses.further[index].hint += loss.hint.loss
                lane.workspace.outputGradient[row] = Float(scale * gradient.dz(loss))
                dl += gradient.hintDl(loss)
            }
            booster?.workspace.outputGradient[row] = Float(scale * dl)
        }
        return losses
    }
}

import FeatureCache
import Nets

/// A process that trains alone: all rows and all parameters are here, and nobody has to be asked.
package final class Alone: Peers {
    package init() {}

    package var shard: TableShard { .whole }

    package func agree(_ failure: (any Error)?) throws {
        if let failure { throw failure }
    }

    package func first(_ text: String?) -> String? { text }
    package func sum(_ numbers: [Double]) -> [Double] { numbers }
    package func judged(_ judge: () throws -> NetJudge.Judgement?) throws -> NetJudge.Judgement? { try judge() }

    package func reads(_ number: Int) -> Bool { true }
    package func part(of batch: SparseBatch, _ lookup: RowLookup) -> InputRows { InputRows(batch, lookup) }
    package func equalPart(_ rows: SparseBatch, _ lookup: RowLookup) -> InputRows { InputRows(rows, lookup) }
    package func planned(_ input: InputRows) -> InputRows { input }

    package func forEach(
        of queue: BatchQueue, _ profile: StepProfile, _ body: (InputRows) throws -> Bool
    ) throws {
        while let batch = try queue.next() {
            guard try body(batch) else { return }
        }
    }

    package func scores(
        _ heldOut: HeldOutRows, _ score: (InputRows) -> [Float]
    ) throws -> (labels: [UInt8], logits: [Float]) {
        var (labels, logits): ([UInt8], [Float]) = ([], [])
        for block in heldOut.blocks {
            for input in heldOut.pieces(of: try block()) {
                labels += input.labels
                logits += score(input)
            }
        }
        return (labels, logits)
    }

    package func slices(of count: Int) -> Int { count }
    package func connect(_ step: TrainingStep) {}
    package func gradients(_ step: TrainingStep, _ input: InputRows) { step.computeGradients(input) }

    package func update(
        _ step: TrainingStep, _ input: InputRows, _ rates: StepRates, _ here: StepOutcome
    ) -> StepOutcome {
        step.update(input, rates)
        return here
    }

    package func squaredNorms(_ step: TrainingStep, _ input: InputRows) -> [Double] {
        step.work.map { step.squaredNorm($0, input, input.rows) }
    }

    package func progress() {}

    package func counting(_ body: () throws -> Void) rethrows { try body() }
    package func aside(_ body: () throws -> Void) rethrows { try body() }
    package func whole(_ arrays: [NamedArray]) -> [NamedArray]? { arrays }
    package func gather(_ model: inout CoTrainedModel) {}

    package func report(
        _ step: TrainingStep, done: (steps: Int, samples: Int), shares: Int?, _ source: TrainingSource
    ) -> TrainingReport.Group? { nil }
}

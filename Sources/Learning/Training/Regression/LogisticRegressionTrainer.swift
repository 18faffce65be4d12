import CounterRandom
import FeatureCache
import Foundation
import Nets

/// Trains logistic regression by FTRL-Proximal, one row per step.
///
/// The learning rate and the number of passes are chosen on the latest rows, with all rates trained side by side on the
/// rows before them; then all rows are trained on. Two passes over the rows is what a large log costs: the choice looks
/// at a bounded number of rows, and more passes are tried only where rows are few.
public struct LogisticRegressionTrainer {
    private let layout: InputLayout
    private let clickRate: Double
    private let seed: UInt64

    /// What is chosen from; a larger rate learns more in one pass and overfits sooner.
    static let rates = SIMD4<Float>(0.05, 0.1, 0.2, 0.5)
    private static let l2: Float = 1
    private static let mostPasses = 16
    /// Row visits that several passes may take.
    private static let mostVisits = 8_000_000
    private static let mostHeldOut = 250_000
    private static let mostChoosing = 1_000_000
    /// Passes without a better log loss after which no more are tried.
    private static let patience = 2

    /// - Parameter seed: of the order of rows.
    public init(layout: InputLayout, clickRate: Double, seed: UInt64) {
        self.layout = layout
        self.clickRate = clickRate
        self.seed = seed
    }

    /// Trains on all rows of a source. Memory: 24 bytes a slot, of which there are at most 2^24; while choosing 48, of
    /// the ids of at most a million rows.
    ///
    /// - Parameter progress: called with the rows done; what it throws ends the training.
    /// - Throws: `TrainingError.noRows`, and what reading a block throws.
    public func train(
        on source: TrainingSource, progress: (_ rows: Int) throws -> Void = { _ in }
    ) throws -> (model: LogisticRegression, report: LogisticRegression.Report) {
        guard source.rows > 0 else { throw TrainingError.noRows }
        let start = ContinuousClock.now
        let choice = try choose(on: source, progress)
        var model = LogisticRegression(
            layout: layout, table: FTRLTable(rates: SIMD2(repeating: choice.rate), l2: Self.l2),
            bias: LogisticRegression.Bias(clickRate: clickRate, rates: SIMD2(repeating: choice.rate)))
        var done = 0
        for pass in 0..<choice.passes {
            try run(over: source, pass: pass, model.table, &model.bias) { rows in
                done += rows
                try progress(done)
            }
        }
        let report = LogisticRegression.Report(
            samples: done, steps: done, passes: choice.passes, learningRate: Double(choice.rate),
            parameters: model.parameters, heldOutLogLoss: choice.logLoss,
            seconds: (ContinuousClock.now - start) / .seconds(1))
        return (model, report)
    }

    private struct Choice {
        var rate: Float
        var passes: Int
        var logLoss: Double?
    }

    /// Finds the rate and the passes with the least log loss on the latest rows.
    private func choose(on source: TrainingSource, _ progress: (Int) throws -> Void) throws -> Choice {
        let heldOutRows = min(source.rows / 10, Self.mostHeldOut)
        var best = Choice(rate: Self.rates[2], passes: 1)
        guard heldOutRows > 0 else { return best }
        let (earlier, heldOut) = try source.splitting(latest: heldOutRows)
        let choosing = try earlier.splitting(latest: min(earlier.rows, Self.mostChoosing)).latest
        let table = FTRLTable(rates: Self.rates, l2: Self.l2)
        var bias = LogisticRegression.Bias(clickRate: clickRate, rates: Self.rates)
        let mostPasses = max(1, min(Self.mostPasses, Self.mostVisits / source.rows))
        for pass in 0..<mostPasses where pass < best.passes + Self.patience {
            try run(over: choosing, pass: pass, table, &bias) { _ in try progress(0) }
            let losses = try logLosses(on: heldOut, table, bias)
            for lane in losses.indices where losses[lane] < best.logLoss ?? .infinity {
                best = Choice(rate: Self.rates[lane], passes: pass + 1, logLoss: losses[lane])
            }
        }
        return best
    }

    /// One pass over all rows: blocks in an order by the seed, and the rows of each.
    private func run<Lanes>(
        over source: TrainingSource, pass: Int, _ table: FTRLTable<Lanes>, _ bias: inout LogisticRegression.Bias<Lanes>,
        _ blockDone: (_ rows: Int) throws -> Void
    ) throws {
        var random = CounterRandom(seed: seed, stream: 0x4C52_0000 &+ UInt64(pass))
        for block in source.blocks.indices.shuffled(using: &random) {
            let batch = try source.blocks[block]()
            let rows = LinearRows(batch, layout)
            var step = Step<Lanes>()
            for row in batch.labels.indices.shuffled(using: &random) { step.train(rows, row, table, &bias) }
            try blockDone(batch.rows)
        }
    }

    private func logLosses<Lanes>(
        on source: TrainingSource, _ table: FTRLTable<Lanes>, _ bias: LogisticRegression.Bias<Lanes>
    ) throws -> [Double] {
        var sums = [Double](repeating: 0, count: Lanes.scalarCount)
        var inputs = LinearRows.Inputs()
        for block in source.blocks {
            let batch = try block()
            let rows = LinearRows(batch, layout)
            for row in batch.labels.indices {
                rows.read(row, into: &inputs)
                let logits = LogisticRegression.logits(inputs, table, bias)
                for lane in sums.indices {
                    // log(1 + e^z) of the logit z towards the other label.
                    let z = Double(batch.labels[row] == 1 ? -logits[lane] : logits[lane])
                    sums[lane] += max(z, 0) + log1p(exp(-abs(z)))
                }
            }
        }
        return sums.map { $0 / Double(source.rows) }
    }

    /// One row's step, with the memory that it needs.
    private struct Step<Lanes: SIMD & Sendable> where Lanes.Scalar == Float {
        private var inputs = LinearRows.Inputs()
        private var slots: [Int] = []
        private var weights: [Lanes] = []

        mutating func train(
            _ rows: LinearRows, _ row: Int, _ table: FTRLTable<Lanes>, _ bias: inout LogisticRegression.Bias<Lanes>
        ) {
            rows.read(row, into: &inputs)
            table.reserve(inputs.keys.count)
            slots.removeAll(keepingCapacity: true)
            weights.removeAll(keepingCapacity: true)
            var logits = bias.weights
            for (key, value) in zip(inputs.keys, inputs.values) {
                let slot = table.slot(for: key)
                let weight = table.weights(slot)
                slots.append(slot)
                weights.append(weight)
                logits += value * weight
            }
            var gradient = Lanes()
            for lane in 0..<Lanes.scalarCount {
                gradient[lane] = 1 / (1 + exp(-logits[lane])) - Float(rows.labels[row])
            }
            for (index, slot) in slots.enumerated() {
                table.update(slot, weights: weights[index], gradient: inputs.values[index] * gradient)
            }
            bias.update(gradient: gradient)
        }
    }
}

extension TrainingSource {
    /// Cuts a number of the latest rows off. Reads the blocks that they are in, for the count of their rows and clicks.
    func splitting(latest count: Int) throws -> (earlier: TrainingSource, latest: TrainingSource) {
        var (earlier, latest) = (self, TrainingSource(rows: 0, clicks: 0, blocks: []))
        for index in blocks.indices.reversed() where latest.rows < count {
            let block = blocks[index]
            let labels = try block().labels
            let kept = labels.count - min(labels.count, count - latest.rows)
            let clicks = labels[kept...].reduce(0) { $0 + Int($1) }
            latest.blocks.insert({ try block().selecting(rows: Array(kept..<labels.count)) }, at: 0)
            latest.days.insert(days[index], at: 0)
            latest.rows += labels.count - kept
            latest.clicks += clicks
            earlier.rows -= labels.count - kept
            earlier.clicks -= clicks
            if kept > 0 {
                earlier.blocks[index] = { try block().selecting(rows: Array(0..<kept)) }
            } else {
                earlier.blocks.remove(at: index)
                earlier.days.remove(at: index)
            }
        }
        return (earlier, latest)
    }
}

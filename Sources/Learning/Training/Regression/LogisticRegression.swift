import FeatureCache
import Foundation
import Nets

/// Hashed logistic regression on the features of the cache: one weight for each id of each field, two for each number.
/// It is what a net has to beat to be worth its cost.
public struct LogisticRegression: Sendable {
    /// Its name as an arm and as a net, in job files, tables and reports.
    public static let name = "logistic_regression"

    let layout: InputLayout
    /// Both lanes are the same model: a vector has two numbers at least.
    let table: FTRLTable<SIMD2<Float>>
    var bias: Bias<SIMD2<Float>>

    /// Weights besides the bias.
    public var parameters: Int { table.count }

    /// The logits of all rows. `[rows]`
    public func logits(_ batch: SparseBatch) -> [Float] {
        let rows = LinearRows(batch, layout)
        var inputs = LinearRows.Inputs()
        return (0..<batch.rows).map { row in
            rows.read(row, into: &inputs)
            return Self.logits(inputs, table, bias)[0]
        }
    }

    /// A row's logit in each lane.
    static func logits<Lanes>(
        _ inputs: LinearRows.Inputs, _ table: FTRLTable<Lanes>, _ bias: Bias<Lanes>
    ) -> Lanes {
        var sum = bias.weights
        for (key, value) in zip(inputs.keys, inputs.values) { sum += value * table.weights(of: key) }
        return sum
    }

    /// The weight of the input that every row has: no pull towards 0, and it begins at the click rate.
    struct Bias<Lanes: SIMD & Sendable>: Sendable where Lanes.Scalar == Float {
        private let start: Float
        private var lead = Lanes()
        private var root = Lanes()
        private let rates: Lanes

        init(clickRate: Double, rates: Lanes) {
            let clickRate = min(max(clickRate, 1e-6), 1 - 1e-6)
            start = Float(log(clickRate / (1 - clickRate)))
            self.rates = rates
        }

        var weights: Lanes { start - lead * rates / (1 + root) }

        mutating func update(gradient: Lanes) {
            let weights = weights - start
            let old = root
            root = (old * old + gradient * gradient).squareRoot()
            lead += gradient - (root - old) / rates * weights
        }
    }
}

extension LogisticRegression {
    /// How it was trained; stored with the version.
    public struct Report: Codable, Sendable {
        /// Rows of all passes. Each is a step.
        public var samples: Int
        public var steps: Int
        public var passes: Int
        /// α, as chosen.
        public var learningRate: Double
        /// Ids and numbers with a weight.
        public var parameters: Int
        /// Of the choice: log loss on the latest training rows, which were trained on afterwards; nil: too few rows to
        /// choose by.
        public var heldOutLogLoss: Double?
        /// Choosing and training.
        public var seconds: Double
    }
}

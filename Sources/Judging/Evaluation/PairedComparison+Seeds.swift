extension PairedComparison {
    /// Returns the difference between two settings' mean log losses, each trained with the same seeds and judged on the
    /// same rows. Its error is over users and over seeds: the squares of both are added.
    ///
    /// O(seeds · n log n) time.
    ///
    /// - Parameters:
    ///   - first: Probabilities of the one. `[seeds][rows]`
    ///   - second: Those of the other, whose loss is subtracted. `[seeds][rows]`
    ///   - clusters: As in ``PairedBootstrap``. `[rows]` or `[]`
    ///   - confidence: The confidence of each bound separately, such as 0.95.
    /// - Returns: Nil with fewer than two clusters or seeds, or if a probability is not a number.
    public static func logLoss(
        of first: [[Float]], minus second: [[Float]], labels: [UInt8], clusters: [UInt64], confidence: Double
    ) throws(EvaluationError) -> PairedComparison? {
        let seeds = first.count
        for column in first + second {
            guard column.count == labels.count else {
                throw .lengthsDiffer(what: "scores", count: column.count, labels: labels.count)
            }
            guard column.allSatisfy({ !$0.isNaN }) else { return nil }
        }
        guard seeds > 1, seeds == second.count else { return nil }
        let users = try ClusterNumbers(StoredColumn(clusters), rows: labels.count, space: .memory)
        var (sums, means) = ([Double](repeating: 0, count: users.count), [Double]())
        let numbers = try users.numbers.elements(0..<labels.count)
        for (first, second) in zip(first, second) {
            var total = 0.0
            for row in labels.indices {
                let difference =
                    ReportStream.crossEntropy(label: labels[row], probability: Double(first[row]))
                    - ReportStream.crossEntropy(label: labels[row], probability: Double(second[row]))
                sums[Int(numbers[row])] += difference / Double(seeds)
                total += difference
            }
            means.append(total / Double(labels.count))
        }
        guard users.count > 1 else { return nil }
        let mean = means.reduce(0, +) / Double(seeds)
        var rows = [Double](repeating: 0, count: users.count)
        for number in numbers { rows[Int(number)] += 1 }
        // The delta method, as for a single pair of nets; a user's loss is its mean over the seeds.
        let (n, k) = (Double(labels.count), Double(users.count))
        let squares = zip(sums, rows).reduce(0) { $0 + ($1.0 - mean * $1.1) * ($1.0 - mean * $1.1) }
        let overUsers = k / (k - 1) * squares / (n * n)
        let spread = means.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        let overSeeds = spread / Double(seeds - 1) / Double(seeds)
        let error = (overUsers + overSeeds).squareRoot()
        let half = normalQuantile(confidence) * error
        return PairedComparison(
            estimate: mean, standardError: error, confidence: confidence, lowerBound: mean - half,
            upperBound: mean + half, replicates: 0, clusters: users.count)
    }
}

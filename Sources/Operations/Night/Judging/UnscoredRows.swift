import FeatureCache

/// Impressions of a judged day for which some net's answer is no finite number. They are left out for every net, so
/// that all are judged on the same rows, and one number far beyond those of training does not end the night.
struct UnscoredRows {
    private(set) var count = 0
    /// The largest number of the first of them, which is most likely the cause; nil: it has none.
    private(set) var example: String?
    /// Names of the numeric features.
    private let numerics: [String]

    init(numerics: [String]) {
        self.numerics = numerics
    }

    /// Removes them from a block and from the nets' logits of it. `logits: [nets][rows]`
    mutating func leaveOut(of block: inout SparseBatch, _ logits: inout [[Float]]) {
        guard !logits.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return }
        let scored = (0..<block.rows).filter { row in logits.allSatisfy { $0[row].isFinite } }
        if count == 0, let first = (0..<block.rows).first(where: { row in !logits.allSatisfy { $0[row].isFinite } }) {
            example = largestNumber(of: first, block)
        }
        count += block.rows - scored.count
        block = block.selecting(rows: scored)
        logits = logits.map { net in scored.map { net[$0] } }
    }

    private func largestNumber(of row: Int, _ block: SparseBatch) -> String? {
        zip(numerics, block.numerics).map { (name: $0, value: $1[row]) }.filter { !$0.value.isNaN }
            .max { $0.value.magnitude < $1.value.magnitude }.map { "\($0.name) = \($0.value)" }
    }
}

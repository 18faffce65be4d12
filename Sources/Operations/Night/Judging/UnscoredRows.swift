import FeatureCache
import Foundation

/// Impressions of a judged day for which some net's answer is no finite number, so that one number far beyond those of
/// training does not end the night. All nets are judged on the same rows.
struct UnscoredRows {
    private(set) var count = 0
    /// Those for which one of the first nets has no answer, whatever the live version's.
    private(set) var countWithoutLive = 0
    /// How many each net leaves open. `[nets]`
    private(set) var byNet: [Int]
    /// The largest number of the first of them, which is most likely the cause; nil: it has none.
    private(set) var example: String?
    /// The first nets, which are not the live version's.
    private let ownNets: Int
    /// Names of the numeric features.
    private let numerics: [String]
    private let treatment: Treatment

    /// What is done with them.
    enum Treatment {
        /// They are left out for all nets that are judged together.
        case leftOut
        /// A net without an answer answers with this probability. So nets that are judged one by one, as the arms of an
        /// experiment, are still judged on the same rows: all of them.
        case answered(clickRate: Double)
    }

    init(nets: Int, ownNets: Int, numerics: [String], _ treatment: Treatment) {
        byNet = [Int](repeating: 0, count: nets)
        (self.ownNets, self.numerics, self.treatment) = (ownNets, numerics, treatment)
    }

    /// Removes them from a block and from the nets' logits of it, or answers for them. `logits: [nets][rows]`
    mutating func treat(_ block: inout SparseBatch, _ logits: inout [[Float]]) {
        guard !logits.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return }
        let open = (0..<block.rows).filter { row in !logits.allSatisfy { $0[row].isFinite } }
        if count == 0, let first = open.first { example = largestNumber(of: first, block) }
        count += open.count
        countWithoutLive += open.count { row in !logits[..<ownNets].allSatisfy { $0[row].isFinite } }
        for (net, answers) in logits.enumerated() { byNet[net] += answers.count { !$0.isFinite } }
        switch treatment {
        case .leftOut:
            let leftOut = Set(open)
            let scored = (0..<block.rows).filter { !leftOut.contains($0) }
            block = block.selecting(rows: scored)
            logits = logits.map { net in scored.map { net[$0] } }
        case .answered(let clickRate):
            let answer = Float(log(clickRate / (1 - clickRate)))
            for net in logits.indices {
                for row in open where !logits[net][row].isFinite { logits[net][row] = answer }
            }
        }
    }

    private func largestNumber(of row: Int, _ block: SparseBatch) -> String? {
        zip(numerics, block.numerics).map { (name: $0, value: $1[row]) }.filter { !$0.value.isNaN }
            .max { $0.value.magnitude < $1.value.magnitude }.map { "\($0.name) = \($0.value)" }
    }
}

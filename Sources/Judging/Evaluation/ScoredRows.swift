/// The rows of a day with one net's scores, as columns read in runs.
struct ScoredRows<Score: BinaryFloatingPoint & BitwiseCopyable & Sendable>: Sendable {
    let labels: StoredColumn<UInt8>
    let scores: StoredColumn<Score>
    /// The groups; empty for none.
    let groups: StoredColumn<UInt64>
    /// The weights; empty if each row counts once.
    let weights: StoredColumn<UInt32>

    struct Row {
        var number: Int
        var label: UInt8
        var score: Double
        /// The group; 0 for none.
        var group: UInt64
        var weight: UInt32
    }

    init(
        labels: StoredColumn<UInt8>, scores: StoredColumn<Score>, groups: StoredColumn<UInt64> = StoredColumn(),
        weights: StoredColumn<UInt32> = StoredColumn()
    ) throws(EvaluationError) {
        guard !labels.isEmpty else { throw .noRows }
        guard groups.isEmpty || groups.count == labels.count else {
            throw .lengthsDiffer(what: "groups", count: groups.count, labels: labels.count)
        }
        guard weights.isEmpty || weights.count == labels.count else {
            throw .lengthsDiffer(what: "weights", count: weights.count, labels: labels.count)
        }
        guard scores.count == labels.count else {
            throw .lengthsDiffer(what: "scores", count: scores.count, labels: labels.count)
        }
        self.labels = labels
        self.scores = scores
        self.groups = groups
        self.weights = weights
    }

    /// Passes each row in turn; may be called repeatedly.
    ///
    /// - Throws: If a label is not 0 or 1, a score is not finite, or a column cannot be read.
    func forEachRow(_ body: (Row) throws(EvaluationError) -> Void) throws(EvaluationError) {
        for rows in labels.chunks { try forEachRow(in: rows, body) }
    }

    /// Passes some of the rows in turn.
    func forEachRow(in rows: Range<Int>, _ body: (Row) throws(EvaluationError) -> Void) throws(EvaluationError) {
        let labels = try labels.elements(rows)
        let scores = try scores.elements(rows)
        let groups = groups.isEmpty ? [] : try groups.elements(rows)
        let weights = weights.isEmpty ? [] : try weights.elements(rows)
        for (row, number) in rows.enumerated() {
            guard labels[row] <= 1 else { throw .label(row: number, value: labels[row]) }
            let score = Double(scores[row])
            guard score.isFinite else { throw .nonFiniteScore(row: number, value: score) }
            try body(
                Row(
                    number: number, label: labels[row], score: score, group: groups.isEmpty ? 0 : groups[row],
                    weight: weights.isEmpty ? 1 : weights[row]))
        }
    }
}

/// A row ordered by its part of the day and then by score; 24 bytes.
struct RankedRow: Comparable, BitwiseCopyable {
    /// A group, a slice, or 0 for the whole day.
    var part: UInt64
    var score: Double
    private var weightAndLabel: UInt64

    init(part: UInt64, score: Double, label: UInt8, weight: UInt32) {
        self.part = part
        self.score = score
        weightAndLabel = UInt64(weight) << 1 | UInt64(label)
    }

    var clicks: Int { weightAndLabel & 1 == 1 ? Int(weightAndLabel >> 1) : 0 }
    var others: Int { weightAndLabel & 1 == 1 ? 0 : Int(weightAndLabel >> 1) }

    static func < (a: RankedRow, b: RankedRow) -> Bool { a.part < b.part || (a.part == b.part && a.score < b.score) }

    /// Equality as the sort sees it, regardless of the label.
    static func == (a: RankedRow, b: RankedRow) -> Bool { a.part == b.part && a.score == b.score }
}

/// The rows of a part that have the same score: all that a ranking metric needs, so every metric is exact with ties and
/// independent of the rows' order.
struct ScoreRun {
    var part: UInt64
    var score: Double
    var clicks: Int
    /// Impressions without a click.
    var others: Int
}

extension ExternalSort<RankedRow> {
    /// Passes the runs of equal scores, with parts in ascending order and each part's scores in ascending order.
    consuming func forEachRun(_ body: (ScoreRun) throws(EvaluationError) -> Void) throws(EvaluationError) {
        var run: ScoreRun?
        try forEachRecord { row throws(EvaluationError) in
            if let last = run, last.part == row.part, last.score == row.score {
                run?.clicks += row.clicks
                run?.others += row.others
            } else {
                if let run { try body(run) }
                run = ScoreRun(part: row.part, score: row.score, clicks: row.clicks, others: row.others)
            }
        }
        if let run { try body(run) }
    }
}

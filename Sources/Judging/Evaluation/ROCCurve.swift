/// A point of the ROC curve: the shares of impressions without a click, and of those with one, that reach a score.
public struct ROCPoint: Codable, Equatable, Sendable {
    public var falsePositiveRate: Double
    public var truePositiveRate: Double

    public init(falsePositiveRate: Double, truePositiveRate: Double) {
        self.falsePositiveRate = falsePositiveRate
        self.truePositiveRate = truePositiveRate
    }

    /// Returns the distance from the segment between two points.
    fileprivate func distance(from start: ROCPoint, to end: ROCPoint) -> Double {
        let (dx, dy) = (end.falsePositiveRate - start.falsePositiveRate, end.truePositiveRate - start.truePositiveRate)
        let length = (dx * dx + dy * dy).squareRoot()
        let (x, y) = (falsePositiveRate - start.falsePositiveRate, truePositiveRate - start.truePositiveRate)
        return length > 0 ? abs(dx * y - dy * x) / length : (x * x + y * y).squareRoot()
    }
}

extension [ROCPoint] {
    /// Area under the polyline. O(points).
    public var area: Double {
        zip(self, dropFirst()).reduce(0) { area, ends in
            let (left, right) = ends
            return area + (right.falsePositiveRate - left.falsePositiveRate)
                * (left.truePositiveRate + right.truePositiveRate) / 2
        }
    }
}

/// The ROC curve, drawn from runs of equal scores in ascending order. All its points, including the two ends, are on
/// the exact curve. Memory does not grow with the rows: points closer together than ``step`` are skipped.
struct ROCCurve {
    /// The most points that are kept.
    static let limit = 200
    /// The accepted distance from the exact curve.
    private static let tolerance = 0.0005
    /// The least distance between points, in false and true positive rate together.
    private static let step = 0.001

    private let clicks: Int
    private let others: Int
    /// The candidate points, from (1, 1) downwards.
    private var candidates = [ROCPoint(falsePositiveRate: 1, truePositiveRate: 1)]

    init(clicks: Int, others: Int) {
        self.clicks = clicks
        self.others = others
    }

    /// - Parameters:
    ///   - before: Clicks and others with scores below the run's.
    mutating func add(_ run: ScoreRun, above before: WinCount) {
        guard clicks > 0, others > 0, let last = candidates.last else { return }
        let start = point(clicksBelow: before.clicks, othersBelow: before.others)
        let end = point(clicksBelow: before.clicks + run.clicks, othersBelow: before.others + run.others)
        // A long run is a straight segment of the curve: both its ends are needed.
        if Self.length(last, end) > Self.step, start != last { candidates.append(start) }
        if Self.length(start, end) > Self.step { candidates.append(end) }
    }

    /// The curve from (0, 0) to (1, 1); empty if only one class occurs. The point farthest from the curve drawn so far
    /// is added next (Ramer 1972; Douglas and Peucker 1973), until all are within tolerance or ``limit`` is reached.
    var points: [ROCPoint] {
        guard clicks > 0, others > 0 else { return [] }
        let all = (candidates + [ROCPoint(falsePositiveRate: 0, truePositiveRate: 0)]).reversed() as [ROCPoint]
        var kept: Set = [0, all.count - 1]
        var stretches = [Stretch(all, 0, all.count - 1)]
        while kept.count < Self.limit,
            let worst = stretches.indices.max(by: { stretches[$0].error < stretches[$1].error }),
            stretches[worst].error > Self.tolerance
        {
            let stretch = stretches.remove(at: worst)
            kept.insert(stretch.farthest)
            stretches.append(Stretch(all, stretch.start, stretch.farthest))
            stretches.append(Stretch(all, stretch.farthest, stretch.end))
        }
        return kept.sorted().map { all[$0] }
    }

    /// A straight line in place of a part of the curve.
    private struct Stretch {
        let start, end: Int
        /// The point farthest from the line, and its distance.
        var farthest: Int
        var error = 0.0

        init(_ points: [ROCPoint], _ start: Int, _ end: Int) {
            self.start = start
            self.end = end
            farthest = start
            for index in start..<end {
                let distance = points[index].distance(from: points[start], to: points[end])
                if distance > error { (farthest, error) = (index, distance) }
            }
        }
    }

    private func point(clicksBelow: Int, othersBelow: Int) -> ROCPoint {
        ROCPoint(
            falsePositiveRate: Double(others - othersBelow) / Double(others),
            truePositiveRate: Double(clicks - clicksBelow) / Double(clicks))
    }

    private static func length(_ from: ROCPoint, _ to: ROCPoint) -> Double {
        from.falsePositiveRate - to.falsePositiveRate + from.truePositiveRate - to.truePositiveRate
    }
}

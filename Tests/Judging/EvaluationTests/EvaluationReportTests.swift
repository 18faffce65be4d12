import CounterRandom
import Evaluation
import Foundation
import Testing

/// Values that `reference.py` computed with scikit-learn and plain numpy.
struct ReferenceCase: Decodable, CustomTestStringConvertible, Sendable {
    var name: String
    var labels: [UInt8]
    var probabilities: [Double]
    var groups: [UInt64]
    var weights: [UInt32]?
    var report: EvaluationReport
    /// Of NE, with each row a group by itself.
    var entropyStandardErrorOfRows: Double?

    var testDescription: String { name }

    static func all() throws -> [ReferenceCase] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "reference.json")
        return try JSONDecoder().decode([ReferenceCase].self, from: Data(contentsOf: file))
    }
}

@Suite struct EvaluationReportTests {
    @Test("every metric agrees with scikit-learn and numpy to 1e-9")
    func agreesWithReference() throws {
        #expect(try ReferenceCase.all().count == 20)
        for reference in try ReferenceCase.all() {
            let report = try EvaluationReport.measure(
                labels: reference.labels, probabilities: reference.probabilities,
                groups: reference.groups.map { $0 + 1 }, weights: reference.weights ?? [])
            expectClose(report, reference.report, in: reference.name)
        }
    }

    @Test("the order of the rows changes nothing but rounding")
    func orderDoesNotMatter() throws {
        for reference in try ReferenceCase.all() {
            let report = try EvaluationReport.measure(
                labels: reference.labels.reversed(), probabilities: reference.probabilities.reversed(),
                groups: reference.groups.reversed().map { $0 + 1 }, weights: reference.weights?.reversed() ?? [])
            expectClose(report, reference.report, in: reference.name)
        }
    }

    @Test(
        "the ROC curve runs from (0, 0) to (1, 1), and its area agrees with the AUC to 1e-3, however few or many rows",
        arguments: [2, 100, 1_000, 50_000, 400_000])
    func areaUnderCurve(rows: Int) throws {
        var random = CounterRandom(seed: 5, stream: UInt64(rows))
        for clickRate in [0.5, 0.1, 0.002] {
            var labels: [UInt8] = [0, 1]
            var scores = [0.1, 0.2]
            for _ in 2..<max(rows, 2) {
                labels.append(random.uniform() < clickRate ? 1 : 0)
                let base = Double(random.uniform())
                scores.append(labels[labels.count - 1] == 1 ? base.squareRoot() : base)
                // Some thousands share a score.
                if random.uniform() < 0.2 { scores[scores.count - 1] = (base * 4).rounded() / 4 }
            }
            let report = try EvaluationReport.measure(labels: labels, probabilities: scores)
            let curve = report.roc
            let auc = try #require(report.auc)
            #expect(
                curve.count <= 200 && abs(curve.area - auc) < 1e-3, "\(curve.area) for \(auc), \(curve.count) points")
            #expect(curve.first == ROCPoint(falsePositiveRate: 0, truePositiveRate: 0))
            #expect(curve.last == ROCPoint(falsePositiveRate: 1, truePositiveRate: 1))
            #expect(
                zip(curve, curve.dropFirst()).allSatisfy {
                    $0.falsePositiveRate <= $1.falsePositiveRate && $0.truePositiveRate <= $1.truePositiveRate
                })
        }
    }

    @Test("AUC and its error do not depend on the scores' scale")
    func rankingIsInvariant() throws {
        for reference in try ReferenceCase.all() {
            let logits = reference.probabilities.map { 8 * $0 }
            let ranking = try ScoreRanking(
                scores: logits, labels: reference.labels, weights: reference.weights ?? [])
            #expect(isClose(ranking.auc, reference.report.auc))
            #expect(isClose(ranking.aucStandardError, reference.report.aucStandardError))
            guard reference.weights == nil else { continue }
            #expect(try isClose(EvaluationReport.auc(of: logits, labels: reference.labels), reference.report.auc))
        }
    }

    @Test("without groups each row counts by itself in the error of NE, and so does a row of group 0 beside groups")
    func entropyErrorOfRows() throws {
        for reference in try ReferenceCase.all() {
            func measure(_ groups: [UInt64]) throws -> EvaluationReport {
                try EvaluationReport.measure(
                    labels: reference.labels, probabilities: reference.probabilities, groups: groups,
                    weights: reference.weights ?? [])
            }
            let found = [try measure([]), try measure(reference.labels.map { _ in 0 })]
            for report in found {
                let error = report.normalizedEntropyStandardError
                #expect(isClose(error, reference.entropyStandardErrorOfRows), "\(reference.name)")
                #expect(report.gaucStandardError == nil)
            }
            guard reference.weights == nil, reference.labels.count > 1 else { continue }
            // Groups of one row beside rows of none.
            let mixed = try measure(reference.labels.indices.map { $0 % 2 == 0 ? 0 : UInt64($0) })
            let error = mixed.normalizedEntropyStandardError
            #expect(isClose(error, reference.entropyStandardErrorOfRows), "\(reference.name)")
        }
    }

    @Test("rows of group 0 belong to no group")
    func groupZero() throws {
        let report = try EvaluationReport.measure(
            labels: [0, 1, 0, 1], probabilities: [0.1, 0.2, 0.9, 0.3] as [Double], groups: [7, 7, 0, 0])
        #expect(report.gauc == 1 && report.gaucGroups == 1)
    }

    @Test("without groups there is no GAUC")
    func noGroups() throws {
        let report = try EvaluationReport.measure(labels: [0, 1], probabilities: [0.1, 0.2] as [Double])
        #expect(report.gauc == nil)
        #expect(report.gaucGroups == 0)
        #expect(report.auc == 1)
    }

    @Test("Float32 scores are measured as the doubles they stand for")
    func float32() throws {
        let (labels, groups): ([UInt8], [UInt64]) = ([0, 1, 1, 0], [1, 1, 2, 2])
        let scores: [Float] = [0.1, 0.2, 0.3, 0.4]
        let widened = try EvaluationReport.measure(
            labels: labels, probabilities: scores.map(Double.init), groups: groups)
        #expect(try EvaluationReport.measure(labels: labels, probabilities: scores, groups: groups) == widened)
    }

    @Test("a report survives JSON with its undefined metrics")
    func codable() throws {
        let report = try EvaluationReport.measure(labels: [0, 0], probabilities: [0.1, 0.2] as [Double])
        #expect(report.auc == nil && report.pcoc == nil && report.prAUC == nil)
        let data = try JSONEncoder().encode(report)
        #expect(try JSONDecoder().decode(EvaluationReport.self, from: data) == report)
    }

    @Test("bad input is refused by name of its row")
    func refusals() {
        func measure(_ labels: [UInt8], _ scores: [Double], _ groups: [UInt64] = []) throws -> EvaluationReport {
            try EvaluationReport.measure(labels: labels, probabilities: scores, groups: groups)
        }
        #expect(throws: EvaluationError.noRows) { try measure([], []) }
        #expect(throws: EvaluationError.noRows) {
            try EvaluationReport.measure(labels: [1], probabilities: [0.5] as [Double], weights: [0])
        }
        #expect(throws: EvaluationError.label(row: 1, value: 2)) { try measure([0, 2], [0.1, 0.1]) }
        #expect(throws: EvaluationError.nonFiniteScore(row: 2, value: .infinity)) {
            try measure([0, 1, 0], [0.1, 0.1, .infinity])
        }
        #expect(throws: EvaluationError.notAProbability(row: 0, value: -0.5)) { try measure([0, 1], [-0.5, 0.5]) }
        #expect(throws: EvaluationError.lengthsDiffer(what: "scores", count: 1, labels: 2)) {
            try measure([0, 1], [0.1])
        }
        #expect(throws: EvaluationError.lengthsDiffer(what: "groups", count: 1, labels: 2)) {
            try measure([0, 1], [0.1, 0.2], [3])
        }
        do {
            _ = try measure([0, 1], [0.5, .nan])
            Issue.record("a NaN was accepted")
        } catch {
            #expect("\(error)".hasPrefix("row 1: the score is nan"))
        }
    }
}

/// Equal to 1e-9, relative to numbers above 1 and absolute below.
func isClose(_ a: Double?, _ b: Double?) -> Bool {
    guard let a, let b else { return a == nil && b == nil }
    return abs(a - b) <= 1e-9 * max(1, abs(b))
}

func expectClose(_ report: EvaluationReport, _ expected: EvaluationReport, in name: String) {
    #expect(report.impressions == expected.impressions, "\(name)")
    #expect(report.clicks == expected.clicks, "\(name)")
    #expect(report.gaucGroups == expected.gaucGroups, "\(name)")
    #expect(isClose(report.auc, expected.auc), "auc, \(name)")
    #expect(isClose(report.aucStandardError, expected.aucStandardError), "standard error, \(name)")
    #expect(isClose(report.gauc, expected.gauc), "gauc, \(name)")
    #expect(isClose(report.gaucStandardError, expected.gaucStandardError), "standard error of gauc, \(name)")
    #expect(isClose(report.logLoss, expected.logLoss), "log loss, \(name)")
    #expect(isClose(report.normalizedEntropy, expected.normalizedEntropy), "normalized entropy, \(name)")
    #expect(
        isClose(report.normalizedEntropyStandardError, expected.normalizedEntropyStandardError),
        "standard error of normalized entropy, \(name)")
    #expect(isClose(report.pcoc, expected.pcoc), "pcoc, \(name)")
    #expect(isClose(report.meanPrediction, expected.meanPrediction), "mean prediction, \(name)")
    #expect(isClose(report.calibrationError, expected.calibrationError), "calibration error, \(name)")
    #expect(isClose(report.prAUC, expected.prAUC), "average precision, \(name)")
    #expect(report.reliability.count == expected.reliability.count, "bins, \(name)")
    for (bin, wanted) in zip(report.reliability, expected.reliability) {
        #expect(bin.impressions == wanted.impressions && bin.lowest == wanted.lowest && bin.highest == wanted.highest)
        #expect(isClose(bin.clicks, wanted.clicks) && isClose(bin.predicted, wanted.predicted), "bins, \(name)")
    }
    #expect(report.roc.count <= 200 && report.roc.isEmpty == (expected.auc == nil), "ROC, \(name)")
    for point in expected.roc {
        let nearest = zip(report.roc, report.roc.dropFirst()).map { separation(of: point, from: $0, $1) }.min()
        #expect(nearest ?? 1 < 0.002, "ROC at \(point), \(name)")
    }
}

/// Of a point from a stretch of a curve.
private func separation(of point: ROCPoint, from start: ROCPoint, _ end: ROCPoint) -> Double {
    let (dx, dy) = (end.falsePositiveRate - start.falsePositiveRate, end.truePositiveRate - start.truePositiveRate)
    let (x, y) = (point.falsePositiveRate - start.falsePositiveRate, point.truePositiveRate - start.truePositiveRate)
    let square = dx * dx + dy * dy
    let along = square > 0 ? min(max((x * dx + y * dy) / square, 0), 1) : 0
    return ((x - along * dx) * (x - along * dx) + (y - along * dy) * (y - along * dy)).squareRoot()
}

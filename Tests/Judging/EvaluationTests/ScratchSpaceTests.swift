import Arrays
import CounterRandom
import Evaluation
import Foundation
import Testing

/// Rows of two nets with many ties, and rows without a group.
private struct SpilledRows: CustomTestStringConvertible, Sendable {
    let testDescription: String
    var labels: [UInt8] = []
    var groups: [UInt64] = []
    var nets: [[Float]] = [[], []]

    /// - Parameters:
    ///   - steps: different scores that a net gives.
    ///   - clickRate: 0 gives one class only.
    init(_ name: String, rows: Int, steps: Float, clickRate: Double, groups: UInt64) {
        testDescription = name
        var random = CounterRandom(seed: UInt64(rows))
        for _ in 0..<rows {
            labels.append(random.uniform() < clickRate ? 1 : 0)
            self.groups.append(random.next() % groups)
            for net in nets.indices {
                nets[net].append((Float(random.uniform()) * steps).rounded() / steps)
            }
        }
    }

    static let all = [
        SpilledRows("many ties", rows: 5_000, steps: 20, clickRate: 0.3, groups: 400),
        SpilledRows("few ties", rows: 4_001, steps: 1e6, clickRate: 0.05, groups: 2_000),
        SpilledRows("no clicks", rows: 1_000, steps: 100, clickRate: 0, groups: 50),
        SpilledRows("no groups", rows: 1_000, steps: 100, clickRate: 0.5, groups: 1),
        SpilledRows("fewer rows than bins", rows: 7, steps: 3, clickRate: 0.5, groups: 3),
    ]
}

@Suite struct ScratchSpaceTests {
    /// Calls `body` with a folder that is not there yet, and removes it.
    private static func withFolder(_ body: (String) throws -> Void) throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "rocket-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body(folder)
    }

    private static func column<Element>(_ values: [Element], _ space: ScratchSpace) throws -> StoredColumn<Element> {
        let writer = ColumnWriter<Element>(space)
        // In pieces, as blocks come.
        for start in stride(from: 0, to: values.count, by: 77) {
            try writer.append(values[start..<min(start + 77, values.count)])
        }
        return try writer.finish()
    }

    @Test("A report of rows that wait on disk in many runs is that of rows in memory", arguments: SpilledRows.all)
    fileprivate func report(of rows: SpilledRows) throws {
        try Self.withFolder { folder in
            let space = ScratchSpace(folder: folder, memoryBytes: rows.labels.count / 2)
            let (labels, groups) = (try Self.column(rows.labels, space), try Self.column(rows.groups, space))
            for scores in rows.nets {
                let expected = try EvaluationReport.measure(
                    labels: rows.labels, probabilities: scores, groups: rows.groups)
                let column = try Self.column(scores, space)
                let report = try EvaluationReport.measure(
                    labels: labels, probabilities: column, groups: groups, space: space)
                #expect(report == expected)
                let ungrouped = try EvaluationReport.measure(
                    labels: labels, probabilities: column, groups: StoredColumn(), space: space)
                #expect(try ungrouped == EvaluationReport.measure(labels: rows.labels, probabilities: scores))
                #expect(try EvaluationReport.auc(of: column, labels: labels, space: space) == expected.auc)
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("Replicates of a bootstrap from disk are those from memory, whatever the threads", arguments: SpilledRows.all)
    fileprivate func bootstrap(of rows: SpilledRows) throws {
        try Self.withFolder { folder in
            let space = ScratchSpace(folder: folder, memoryBytes: rows.labels.count / 2)
            let expected = try PairedBootstrap(
                scores: rows.nets, labels: rows.labels, clusters: rows.groups, replicates: 20)
            // The second space has room for the clusters of two threads, the first makes do with one.
            for space in [space, ScratchSpace(folder: folder, memoryBytes: 3 * rows.labels.count)] {
                let found = try PairedBootstrap(
                    scores: rows.nets.map { try Self.column($0, space) }, labels: Self.column(rows.labels, space),
                    clusters: Self.column(rows.groups, space), replicates: 20, threads: Parallel(threads: 2),
                    space: space)
                #expect(found.aucs == expected.aucs && found.replicateAUCs == expected.replicateAUCs)
                #expect(found.clusters == expected.clusters)
            }
        }
    }

    @Test("A stream's report of each part is that of the part's rows, with weights, and nil where there are none")
    func parts() throws {
        let rows = SpilledRows.all[0]
        try Self.withFolder { folder in
            var stream = ReportStream(parts: 4, space: ScratchSpace(folder: folder, memoryBytes: 2_000))
            var parts = [[Int]](repeating: [], count: 4)
            // Every third row is in two parts, the third part is empty.
            for row in rows.labels.indices {
                for part in row % 3 == 0 ? [0, 3] : [row % 3 == 1 ? 1 : 3] {
                    parts[part].append(row)
                    try stream.add(
                        part: part, row: row, label: rows.labels[row], probability: Double(rows.nets[0][row]),
                        weight: UInt32(row % 4))
                }
            }
            let reports = try stream.finish()
            #expect(reports[2] == nil && reports.count == 4)
            for part in [0, 1, 3] {
                var expected = try EvaluationReport.measure(
                    labels: parts[part].map { rows.labels[$0] },
                    probabilities: parts[part].map { Double(rows.nets[0][$0]) },
                    weights: parts[part].map { UInt32($0 % 4) })
                // A stream knows no groups.
                expected.normalizedEntropyStandardError = nil
                #expect(reports[part] == expected)
            }
        }
    }

    @Test("A file on disk has no name while it is in use, and is closed with its column")
    func unnamedFiles() throws {
        try Self.withFolder { folder in
            func openFiles() throws -> Int {
                let descriptors = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
                return descriptors.count { descriptor in
                    let target = try? FileManager.default.destinationOfSymbolicLink(
                        atPath: "/proc/self/fd/\(descriptor)")
                    return target?.hasPrefix(folder) ?? false
                }
            }
            let space = ScratchSpace(folder: folder, memoryBytes: 100)
            var column: StoredColumn<UInt32>? = try Self.column(Array(0..<1_000), space)
            #expect(try openFiles() == 1)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
            #expect(try column?.elements(990..<1_000) == Array(990..<1_000))
            column = nil
            #expect(try openFiles() == 0)
        }
    }

    @Test("Rows that fit into memory touch no disk, and a folder that cannot be used is named")
    func unusableFolder() throws {
        try Self.withFolder { folder in
            // A file stands where the folder should be made.
            try Data().write(to: URL(filePath: folder))
            func report(memoryBytes: Int) throws -> EvaluationReport {
                try EvaluationReport.measure(
                    labels: StoredColumn([0, 1, 0, 1]), probabilities: StoredColumn([0.1, 0.2, 0.3, 0.4]),
                    groups: StoredColumn(), space: ScratchSpace(folder: "\(folder)/inner", memoryBytes: memoryBytes))
            }
            #expect(try report(memoryBytes: 1_000).auc == 0.75)
            do {
                _ = try report(memoryBytes: 10)
                Issue.record("rows were spilled into a file's inside")
            } catch let error as EvaluationError {
                #expect("\(error)".contains("\(folder)/inner") && "\(error)".contains("cache.directory"))
            }
        }
    }

    @Test("DeLong's error does not cancel where nearly all clicks outrank nearly all others")
    func deLongNearOne() throws {
        // All clicks lie above all others but for one swapped pair at the edge, so all components are 1 except for one
        // of each class, which is 1 − 1/n; each class adds (1/n)² (1 − 1/n) / (n − 1) / n = n⁻⁴ to the variance.
        let n = 3_000
        var labels = [UInt8](repeating: 0, count: n) + [UInt8](repeating: 1, count: n)
        labels.swapAt(n - 1, n)
        let report = try EvaluationReport.measure(
            labels: labels, probabilities: labels.indices.map { Double($0) / Double(2 * n) })
        let expected = (2 / pow(Double(n), 4)).squareRoot()
        let found = try #require(report.aucStandardError)
        #expect(abs(found / expected - 1) < 1e-12)
    }

    @Test("More pairs than can be counted exactly are refused, not wrapped around")
    func tooManyPairs() throws {
        let half = Array(repeating: UInt32.max, count: 2)
        #expect(throws: EvaluationError.tooManyPairs(clicks: 2 * Int(UInt32.max), others: 2 * Int(UInt32.max))) {
            try EvaluationReport.measure(
                labels: [0, 1, 0, 1], probabilities: [0.1, 0.2, 0.3, 0.4] as [Double], weights: half + half)
        }
    }
}

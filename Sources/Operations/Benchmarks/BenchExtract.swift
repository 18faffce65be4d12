import AdLogs
import Days
import Extract
import Files
import Foundation
import JobFile
import Postgres
import Runs

/// `rocket bench extract`: extraction beside `psql` copying the same rows to nowhere.
public struct ExtractBench: Encodable, Sendable {
    public var rows: Int
    /// Medians of the rounds, one worker; whole processes, from start to exit.
    public var rowsPerSecond: Double
    public var copyRowsPerSecond: Double
    /// `rowsPerSecond` over `copyRowsPerSecond`.
    public var ratio: Double
    /// Two workers.
    public var rowsPerSecondOfTwo: Double
    /// Two workers over one.
    public var twoOverOne: Double
    /// Largest resident memory of an extraction with one worker, and with two.
    public var peakMebibytes: Double
    public var peakMebibytesOfTwo: Double
    public var bytesPerRow: Double
    public var rounds: Int

    enum CodingKeys: String, CodingKey {
        case rows, ratio, rounds
        case rowsPerSecond = "rows_per_s"
        case copyRowsPerSecond = "copy_rows_per_s"
        case rowsPerSecondOfTwo = "rows_per_s_2_workers"
        case twoOverOne = "ratio_2_workers"
        case peakMebibytes = "peak_mib"
        case peakMebibytesOfTwo = "peak_mib_2_workers"
        case bytesPerRow = "bytes_per_row"
    }
}

/// Runs the extraction benchmark for one or several sizes. Each round runs psql, one worker and two workers in turn.
///
/// - Parameters:
///   - program: this program, run again for each extraction.
///   - progress: told what is going on.
public func benchExtract(
    sizes: [Int], rounds: Int, program: String, database: String?, progress: ProgressHandler
) throws -> [ExtractBench] {
    let settings = ConnectionSettings.fromEnvironment(url: database)
    let connection = try Connection(settings, applicationName: "rocket bench")
    let logs = try BenchLogs(on: connection)
    defer { try? logs.remove() }
    return try sizes.map { rows in
        progress(StageProgress(title: "bench: write logs", done: 0, total: rows, unit: "rows"))
        try logs.write(rows: rows)
        let url = database ?? ProcessInfo.processInfo.environment["DATABASE_URL"]
        let databaseArguments = url.map { ["--database", $0] } ?? []
        func extract(_ workers: Int) throws -> ChildProcess {
            try ChildProcess.run(
                [
                    program, "extract", "--job", try logs.jobFile(workers: workers), "--day", "\(BenchLogs.day)",
                    "--rebuild",
                ]
                    + databaseArguments + ["--quiet"], output: .discarded)
        }
        let job = JobBench(try logs.jobFile(workers: 1), connection)
        let statements = try job.copyStatements(binary: true)
        let psql = ["psql", "-qAtX"] + (url.map { ["-d", $0] } ?? []) + statements.flatMap { ["-c", $0] }
        // Once to warm the server's cache.
        _ = try ChildProcess.run(psql, output: .discarded)
        var copies: [Double] = []
        var ones: [ChildProcess] = []
        var twos: [ChildProcess] = []
        for round in 0..<rounds {
            progress(StageProgress(title: "bench \(rows) rows", done: round, total: rounds, unit: "rounds"))
            copies.append(try ChildProcess.run(psql, output: .discarded).seconds)
            ones.append(try extract(1))
            twos.append(try extract(2))
        }
        let bytes = try connection.execute(
            "SELECT sum(bytes)::bigint AS n FROM rocket.cache_manifest WHERE model = $1", [.text(BenchLogs.model)]
        ).first?.int("n")
        let (copy, one, two) = (median(copies), median(ones.map(\.seconds)), median(twos.map(\.seconds)))
        return ExtractBench(
            rows: rows, rowsPerSecond: Double(rows) / one, copyRowsPerSecond: Double(rows) / copy, ratio: copy / one,
            rowsPerSecondOfTwo: Double(rows) / two, twoOverOne: one / two,
            peakMebibytes: ones.map(\.peakMebibytes).max() ?? 0,
            peakMebibytesOfTwo: twos.map(\.peakMebibytes).max() ?? 0,
            bytesPerRow: Double(bytes ?? 0) / Double(rows), rounds: rounds)
    }
}

/// The statements of a benchmark's job.
struct JobBench {
    private let path: String
    private let connection: Connection

    init(_ path: String, _ connection: Connection) {
        self.path = path
        self.connection = connection
    }

    /// The COPYs that an extraction of the day runs, under its settings.
    func copyStatements(binary: Bool) throws -> [String] {
        let specification = try JobFile(path: path).extractionSpecification()
        let selects = try ShardStatements(specification, on: connection).selects(of: BenchLogs.day)
        return ["SET max_parallel_workers_per_gather = 0; SET jit = off; SET work_mem = '64MB'"]
            + selects.map { "COPY (\($0)) TO STDOUT\(binary ? " (FORMAT binary)" : "")" }
    }
}

/// The middle of some numbers; 0 of none.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

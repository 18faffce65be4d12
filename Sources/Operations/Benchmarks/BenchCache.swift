import Days
import Extract
import FeatureCache
import Files
import Foundation
import Postgres
import Runs

/// `rocket bench cache`: size of the cache beside other forms of the same rows, and the speed of reading it.
public struct CacheBench: Encodable, Sendable {
    public var rows: Int
    public var columns: Int
    /// The cache files.
    public var bytesPerRow: Double
    /// `COPY … TO STDOUT` of the same rows.
    public var copyTextBytesPerRow: Double
    /// Parquet with LZ4 of the same columns by pyarrow; nil without `--python`.
    public var parquetBytesPerRow: Double?
    /// Decompress, verify, decode on one thread: bytes after decompression in a second.
    public var readGigabytesPerSecond: Double
    /// What `lz4 -b` reaches with the same bytes; nil without the lz4 tool.
    public var lz4GigabytesPerSecond: Double?
    public var readRowsPerSecond: Double
    /// Share of a trainer's time that reading takes on one of its two threads, at 60,000 samples per second.
    public var shareOfTraining: Double
    public var rounds: Int

    enum CodingKeys: String, CodingKey {
        case rows, columns, rounds
        case bytesPerRow = "bytes_per_row"
        case copyTextBytesPerRow = "copy_text_bytes_per_row"
        case parquetBytesPerRow = "parquet_bytes_per_row"
        case readGigabytesPerSecond = "read_gb_per_s"
        case lz4GigabytesPerSecond = "lz4_gb_per_s"
        case readRowsPerSecond = "read_rows_per_s"
        case shareOfTraining = "share_of_training"
    }
}

/// Extracts generated logs and measures the cache files.
///
/// - Parameter python: an interpreter with lz4, numpy, xxhash and pyarrow, for the comparison with Parquet.
public func benchCache(
    rows: Int, rounds: Int, program: String, python: String?, database: String?, progress: ProgressHandler
) throws -> CacheBench {
    let connection = try Connection(.fromEnvironment(url: database), applicationName: "rocket bench")
    let logs = try BenchLogs(on: connection)
    defer { try? logs.remove() }
    progress(StageProgress(title: "bench: write logs", done: 0, total: rows, unit: "rows"))
    try logs.write(rows: rows)
    let url = database ?? ProcessInfo.processInfo.environment["DATABASE_URL"]
    let job = try logs.jobFile(workers: 2)
    _ = try ChildProcess.run(
        [program, "extract", "--job", job, "--day", "\(BenchLogs.day)", "--quiet"]
            + (url.map { ["--database", $0] } ?? []), output: .discarded)
    let paths = try connection.execute(
        "SELECT path FROM rocket.cache_manifest WHERE model = $1 ORDER BY part", [.text(BenchLogs.model)]
    ).map { try $0.text("path") }
    let readers = try paths.map { try CacheReader(path: $0) }
    let fileBytes = try paths.reduce(0) { sum, path in
        sum + ((try FileManager.default.attributesOfItem(atPath: path)[.size] as? NSNumber)?.intValue ?? 0)
    }
    let payload = readers.reduce(0) { $0 + $1.blockSizes.reduce(0) { $0 + $1.payloadBytes } }
    let copies = try JobBench(job, connection).copyStatements(binary: false)
    let text = try ChildProcess.run(
        ["psql", "-qAtX"] + (url.map { ["-d", $0] } ?? []) + copies.flatMap { ["-c", $0] }, output: .counted)
    var seconds: [Double] = []
    var lz4: [Double] = []
    let payloadFile = "\(logs.folder)/payload"
    _ = try writePayload(of: paths, to: payloadFile)
    for round in 0..<rounds {
        progress(StageProgress(title: "bench: read", done: round, total: rounds, unit: "rounds"))
        let start = ContinuousClock.now
        for reader in readers {
            for number in 0..<reader.blockCount { _ = try reader.block(number) }
        }
        seconds.append((ContinuousClock.now - start) / .seconds(1))
        if let speed = lz4Speed(payloadFile) { lz4.append(speed) }
    }
    var parquet: Double?
    if let python {
        let answer = try ChildProcess.run([python, "jobs/parquet-size"] + paths, output: .kept)
        parquet = Double(String(decoding: answer.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
            .map { $0 / Double(rows) }
    }
    let time = median(seconds)
    return CacheBench(
        rows: rows, columns: (readers.first.map { $0.header.fields.count + $0.header.numerics.count }) ?? 0,
        bytesPerRow: Double(fileBytes) / Double(rows), copyTextBytesPerRow: Double(text.outputBytes) / Double(rows),
        parquetBytesPerRow: parquet, readGigabytesPerSecond: Double(payload) / time / 1e9,
        lz4GigabytesPerSecond: lz4.isEmpty ? nil : median(lz4), readRowsPerSecond: Double(rows) / time,
        shareOfTraining: time / Double(rows) * 60_000 / 2, rounds: rounds)
}

/// The blocks' bytes after decompression, for the lz4 tool.
private func writePayload(of paths: [String], to file: String) throws -> ChildProcess {
    try ChildProcess.run(
        ["sh", "-c", "out=$1; shift; lz4 -dcm \"$@\" > \"$out\" || true", "sh", file] + paths, output: .discarded)
}

/// Gigabytes a second that the lz4 tool decompresses, from the last figure of its benchmark's line.
private func lz4Speed(_ file: String) -> Double? {
    let answer = try? ChildProcess.run(["sh", "-c", "lz4 -b1 -i1 \"$1\" 2>&1", "sh", file], output: .kept)
    let text = String(decoding: answer?.output ?? [], as: UTF8.self)
    let speeds = text.matches(of: /([0-9.]+) MB\/s/).compactMap { Double($0.1) }
    return speeds.last.map { $0 / 1_000 }
}

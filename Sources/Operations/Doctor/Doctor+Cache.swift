import AdLogs
import Days
import Extract
import FeatureCache
import Files
import Foundation
import JobFile
import Postgres

extension Doctor {
    /// Room for the cache, and whether it can be written: a file is written, flushed and renamed.
    static func disk(_ job: JobFile, _ results: Connection?, _ logs: Connection?) throws -> [Finding] {
        let folder = job.cacheDirectory
        let place = existingFolder(folder)
        var finding = space(at: place, needs: try dayBytes(job, results, logs), days: job.training.window.days + 1)
        finding.subject = folder
        return [writable(place, folder), finding]
    }

    /// The folder, or the one that it will be made in.
    private static func existingFolder(_ path: String) -> String {
        var url = URL(fileURLWithPath: path).standardizedFileURL
        while !FileManager.default.fileExists(atPath: url.path), url.path != "/" { url.deleteLastPathComponent() }
        return url.path
    }

    private static func writable(_ place: String, _ folder: String) -> Finding {
        do throws(FileError) {
            try Folders.probe(place)
        } catch {
            return .problem(
                .disk, folder, "\(place) cannot be written: \(error.reason)",
                fix: "sudo install -d -o \(ShellWord.quoted(NSUserName())) \(ShellWord.quoted(folder)), or another "
                    + "cache.directory in the job file")
        }
        return .ok(.disk, folder, place.hasSuffix(folder) ? "can be written" : "will be made in \(place)")
    }

    static func space(at place: String, needs dayBytes: Int?, days: Int) -> Finding {
        var status = statvfs()
        guard statvfs(place, &status) == 0 else {
            return .problem(.disk, place, "its file system does not answer: \(String(cString: strerror(errno)))")
        }
        return space(free: Int(status.f_bavail) * Int(status.f_frsize), needs: dayBytes, days: days)
    }

    /// - Parameters:
    ///   - needs: bytes of a cached day; nil: not known.
    ///   - days: of a night.
    static func space(free: Int, needs dayBytes: Int?, days: Int) -> Finding {
        guard let dayBytes else { return .ok(.disk, "", "\(size(free)) free") }
        let found = "\(size(free)) free; a day takes about \(size(dayBytes)), a night needs \(days) days"
        let fix = "make room, or name another cache.directory; rocket cache prune removes what is no longer needed"
        if free < 2 * dayBytes { return .problem(.disk, "", found, fix: fix) }
        return free < days * dayBytes ? .warning(.disk, "", found, fix: fix) : .ok(.disk, "", found)
    }

    /// Of the days that are cached, or by the planner's estimate of yesterday and four bytes a feature.
    private static func dayBytes(_ job: JobFile, _ results: Connection?, _ logs: Connection?) throws -> Int? {
        let known = try results?.execute(
            """
            SELECT avg(d.bytes)::bigint AS bytes FROM (
                SELECT sum(bytes) AS bytes FROM rocket.cache_manifest WHERE specification_hash = $1 GROUP BY day) d
            """, [.text(try job.extractionSpecification().hash)]
        ).first?.intOrNil("bytes")
        if let known { return known }
        guard let logs else { return nil }
        let impressions = try job.source.impressions(as: "i", on: logs)
        let rows = try? logs.estimatedRows(
            """
            SELECT 1 FROM \(impressions.relation)
            WHERE \(impressions.time) >= now() - interval '1 day' AND \(impressions.condition)
            """)
        return rows.map { $0 * (4 * job.features.features.count + 16) }
    }

    /// Whether every file that the manifest names is there and whole.
    static func cache(_ job: JobFile?, _ depth: Depth, on connection: Connection) throws -> [Finding] {
        let place = CachePlace(
            folder: job?.cacheDirectory ?? ".", model: job?.model ?? "", jobFile: job?.path ?? "")
        let rows = try connection.execute(
            """
            SELECT m.day, m.bytes, m.checksum, array_to_json(
                       array_agg(c.path ORDER BY c.folder <> $2, c.host <> $3, c.built_at DESC)
                           FILTER (WHERE c.path IS NOT NULL) || m.path)::text AS paths,
                   string_agg(DISTINCT nullif(c.host, ''), ', ') AS hosts
            FROM rocket.cache_manifest m
            LEFT JOIN rocket.cache_copies c
              ON c.content_hash = m.specification_hash AND c.day = m.day AND c.part = m.part AND c.checksum = m.checksum
            WHERE $1::text IS NULL OR m.specification_hash = $1
            GROUP BY m.specification_hash, m.day, m.part ORDER BY m.day, m.part
            """, [Value(try job?.extractionSpecification().hash), .text(place.folder), .text(place.host)])
        var damaged: [String] = []
        var absent: [String: Set<String>] = [:]
        for row in rows {
            let paths = try JSONDecoder().decode([String].self, from: Data(try row.text("paths").utf8))
                .flatMap { place.candidates(for: $0) }
            guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
                absent[try row.textOrNil("hosts") ?? "a folder that is not known", default: []].insert(
                    try row.text("day"))
                continue
            }
            if let what = damage(path, bytes: try row.int("bytes"), checksum: try row.text("checksum"), depth) {
                damaged.append("\(try row.text("day")): \(what)")
            }
        }
        var findings: [Finding] = []
        for (hosts, days) in absent.sorted(by: { $0.key < $1.key }) {
            findings.append(
                .warning(
                    .cache, "files",
                    "the files of \(days.sorted().joined(separator: ", ")) are not on this machine; they were built on "
                        + hosts,
                    fix: "nothing: a night on this machine builds its own, and leaves the others as they are"))
        }
        findings += damaged.map {
            .warning(.cache, "files", $0, fix: "nothing: a night builds the day again; check the disk")
        }
        if findings.isEmpty {
            let checked = depth == .deep ? "every checksum" : "headers and sizes"
            findings.append(.ok(.cache, "files", "\(rows.count) files, all there; \(checked) right"))
        }
        return try findings + [job.map { try strays($0, on: connection) }].compactMap { $0 }
    }

    private static func damage(_ path: String, bytes: Int, checksum: String, _ depth: Depth) -> String? {
        do {
            let attributes = try FileManager.default.attributesOfItem(atPath: path)
            let found = (attributes[.size] as? NSNumber)?.intValue ?? 0
            if found != bytes { return "\(path) has \(found) bytes, the manifest says \(bytes)" }
            let reader = try CacheReader(path: path)
            if reader.checksum != checksum {
                return "\(path): its checksum is \(reader.checksum), the manifest says \(checksum)"
            }
            if depth == .deep { try reader.verifyChecksums() }
            return nil
        } catch {
            return "\(error)"
        }
    }

    private static func strays(_ job: JobFile, on connection: Connection) throws -> Finding {
        let pruning = CachePruning(directory: job.cacheDirectory, on: connection)
        guard let found = try pruning.prune(retentionDays: job.cacheRetentionDays, dryRun: true) else {
            return .ok(.cache, "strays", "an extraction is running; not checked")
        }
        if found.files.isEmpty { return .ok(.cache, "strays", "no file that is not needed") }
        return .warning(
            .cache, "strays", "\(found.files.count) files that are not needed, \(size(found.bytes))",
            fix: "rocket cache prune --job \(ShellWord.quoted(job.path))")
    }

    /// Cached days whose logs have changed since.
    static func stale(_ job: JobFile, on connection: Connection, logs: Connection) throws -> [Finding] {
        let hash = try job.extractionSpecification().hash
        let days = try StaleDays(connection, logs: logs).find(specificationHash: hash).map(\.day)
        if days.isEmpty { return [.ok(.cache, "stale days", "none: the logs of every cached day are as they were")] }
        return [
            .warning(
                .cache, "stale days", "the logs have changed since: \(days.map(\.description).joined(separator: ", "))",
                fix: "rocket backfill --stale --job \(ShellWord.quoted(job.path))")
        ]
    }
}

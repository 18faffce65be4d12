import Days
import Digests
import Evaluation
import Foundation
import Postgres

/// The model versions in the database. A version is written with its artifacts, lineage and reports in one transaction,
/// and its checksums are compared when it is read back.
public struct ModelRegistry {
    let connection: Connection

    public init(_ connection: Connection) {
        self.connection = connection
    }

    /// Returns the version that already did the same work, if any.
    public func version(model: String, fingerprint: String) throws -> Int? {
        try connection.execute(
            "SELECT version FROM rocket.model_versions WHERE model = $1 AND fingerprint = $2",
            [.text(model), .text(fingerprint)]
        ).first?.int("version")
    }

    /// Returns whether a run in the ledger made a version; a run that lost the database during its final COMMIT cannot
    /// know otherwise.
    public func wasMade(_ version: Int, by run: Int) throws -> Bool {
        try !connection.execute(
            "SELECT FROM rocket.model_versions WHERE version = $1 AND run_id = $2", [.int(version), .int(run)]
        ).isEmpty
    }

    /// Returns the newest version of a model: the one trained up to the latest day.
    public func latest(model: String) throws -> Int? {
        try connection.execute(
            """
            SELECT version FROM rocket.model_versions WHERE model = $1
            ORDER BY trained_to DESC, version DESC LIMIT 1
            """, [.text(model)]
        ).first?.int("version")
    }

    /// Writes a version, its lineage, artifacts, reports and the gate's verdict, and acts on the verdict. Either all of
    /// it commits, or nothing.
    public func publish(_ new: NewModelVersion) throws -> PublishedVersion {
        try connection.transaction { connection in
            let version = try insertVersion(new)
            for input in new.origin.inputs {
                try connection.execute(
                    """
                    INSERT INTO rocket.version_inputs (version, role, day, part, rows, clicks, checksum)
                    VALUES ($1, $2, $3, $4, $5, $6, $7)
                    """,
                    [
                        .int(version), .text(input.role.rawValue), .day(input.day), .int(input.part),
                        .int(input.rows), .int(input.clicks), .text(input.checksum),
                    ])
            }
            try insert(new.training.nets, version: version)
            for artifact in new.artifacts {
                try insert(artifact, version: version)
            }
            let findings = new.findings
            try insert(findings.evaluations, version: version)
            try insert(findings.slices, version: version)
            try insert(findings.latencies, version: version)
            try insert(findings.importance, version: version)
            if let day = new.lineage.evaluatedDay {
                for comparison in findings.comparisons { try insert(comparison, version: version, day: day) }
                for comparison in findings.neighbours { try insert(comparison, version: version, day: day) }
                if let live = findings.live { try insert(live, version: version, day: day) }
            }
            return PublishedVersion(
                number: version, decision: try new.gate.map { try insert($0, version: version) })
        }
    }

    /// Adds later measurements to a version, in one transaction; earlier figures of the same day are replaced. The
    /// ledger `rocket.report_changes` records it.
    public func record(
        evaluations: [NetEvaluation], slices: [SliceEvaluation], latencies: [LatencyReport], day: Day, version: Int
    ) throws {
        try connection.transaction { connection in
            try connection.execute(
                "SELECT rocket.open_reports($1, $2)", [.int(version), .day(day)])
            try insert(evaluations, version: version)
            try insert(slices, version: version)
            try insert(latencies, version: version)
        }
    }

    /// Returns the files of a version.
    public func artifacts(of version: Int) throws -> [StoredArtifact] {
        try connection.execute(
            "SELECT name, bytes, sha256 FROM rocket.artifacts WHERE version = $1 ORDER BY name", [.int(version)]
        ).map { StoredArtifact(name: try $0.text("name"), bytes: try $0.int("bytes"), sha256: try $0.text("sha256")) }
    }

    /// Returns an artifact's bytes, compared with their SHA-256.
    ///
    /// - Throws: `ModelRegistryError.noVersion`, `.noArtifact`, `.damagedArtifact`, `PostgresError`.
    public func artifact(_ name: String, version: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try checkedArtifact(name, version: version) { bytes += $0 }
        return bytes
    }

    /// Returns an artifact's first bytes, up to 4 MiB, which nothing is compared with; none if it is not there.
    public func beginning(of name: String, version: Int) throws -> [UInt8] {
        try connection.execute(
            "SELECT data FROM rocket.artifact_chunks WHERE version = $1 AND name = $2 ORDER BY chunk LIMIT 1",
            [.int(version), .text(name)]
        ).first?.bytes("data") ?? []
    }

    /// Passes an artifact to the body chunk by chunk and compares the whole with its SHA-256; trust the chunks only
    /// once this returns.
    ///
    /// - Throws: As `artifact`, and what the body throws.
    public func checkedArtifact(_ name: String, version: Int, _ body: ([UInt8]) throws -> Void) throws {
        guard
            let row = try connection.execute(
                "SELECT sha256 FROM rocket.artifacts WHERE version = $1 AND name = $2",
                [.int(version), .text(name)]
            ).first
        else {
            _ = try lineage(of: version)
            throw ModelRegistryError.noArtifact(name: name, version: version)
        }
        let expected = try row.text("sha256")
        let chunks = try connection.execute(
            "SELECT chunk FROM rocket.artifact_chunks WHERE version = $1 AND name = $2 ORDER BY chunk",
            [.int(version), .text(name)])
        var digest = try SHA256Hasher()
        // One chunk at a time: text-form bytea takes twice its size in transit.
        for chunk in chunks {
            let data = try connection.execute(
                "SELECT data FROM rocket.artifact_chunks WHERE version = $1 AND name = $2 AND chunk = $3",
                [.int(version), .text(name), .int(try chunk.int("chunk"))])
            guard let bytes = try data.first?.bytes("data") else { break }
            try digest.update(bytes)
            try body(bytes)
        }
        let found = try digest.finalize().hex
        guard found == expected else {
            throw ModelRegistryError.damagedArtifact(name: name, version: version, found: found, expected: expected)
        }
    }

    /// Returns the unchanged job file that a version was trained with.
    ///
    /// - Throws: `ModelRegistryError.noVersion`, `PostgresError`.
    public func jobFileText(of version: Int) throws -> String {
        guard
            let row = try connection.execute(
                "SELECT job_file FROM rocket.model_versions WHERE version = $1", [.int(version)]
            ).first
        else { throw try noVersion(version) }
        return try row.text("job_file")
    }

    /// Returns what `rocket evaluate` needs to know about a version.
    ///
    /// - Throws: `ModelRegistryError.noVersion`, `PostgresError`.
    public func lineage(of version: Int) throws -> VersionLineage {
        guard
            let row = try connection.execute(
                """
                SELECT model, trained_from, trained_to, evaluated_day, fingerprint, specification_hash
                FROM rocket.model_versions
                WHERE version = $1
                """, [.int(version)]
            ).first
        else { throw try noVersion(version) }
        return VersionLineage(
            model: try row.text("model"), trainedDays: try row.day("trained_from")...row.day("trained_to"),
            evaluatedDay: try row.textOrNil("evaluated_day").flatMap { Day($0) },
            fingerprint: try row.text("fingerprint"),
            specificationHash: try row.text("specification_hash"))
    }

    func noVersion(_ version: Int) throws -> ModelRegistryError {
        let newest = try connection.execute(
            "SELECT version FROM rocket.model_versions ORDER BY version DESC LIMIT 10")
        return .noVersion(version, newest: try newest.map { try $0.int("version") })
    }

    /// Returns the version that a training up to a later day can resume from: the newest of those that end last before
    /// it and keep their optimisers' state. Nil if there is none.
    public func parent(model: String, trainedBefore day: Day) throws -> Int? {
        try connection.execute(
            """
            SELECT v.version FROM rocket.model_versions v JOIN rocket.artifacts a USING (version)
            WHERE v.model = $1 AND v.trained_to < $2 AND a.name = $3
            ORDER BY v.trained_to DESC, v.version DESC LIMIT 1
            """, [.text(model), .day(day), .text(Artifact.optimiser)]
        ).first?.int("version")
    }

    /// Returns AUC and log loss of a version's own nets on the day they were judged on, by net.
    public func figures(
        of version: Int, day: Day
    ) throws -> [(net: String, impressions: Int, auc: Double?, logLoss: Double)] {
        try connection.execute(
            """
            SELECT net, impressions, auc, log_loss FROM rocket.evaluation_reports
            WHERE version = $1 AND day = $2 AND arm = 'rocket' ORDER BY net
            """, [.int(version), .day(day)]
        ).map { (try $0.text("net"), try $0.int("impressions"), try $0.doubleOrNil("auc"), try $0.double("log_loss")) }
    }

    /// Returns the cache files that a version was trained and judged on.
    public func inputs(of version: Int) throws -> [VersionInput] {
        try connection.execute(
            """
            SELECT role, day, part, rows, clicks, checksum FROM rocket.version_inputs
            WHERE version = $1 ORDER BY role, day, part
            """, [.int(version)]
        ).compactMap { row in
            guard let role = VersionInput.Role(rawValue: try row.text("role")) else { return nil }
            return VersionInput(
                role: role, day: try row.day("day"), part: try row.int("part"), rows: try row.int("rows"),
                clicks: try row.int("clicks"), checksum: try row.text("checksum"))
        }
    }

    /// Returns the cache files that a version was judged on.
    public func evaluationInputs(of version: Int) throws -> Set<String> {
        Set(
            try connection.execute(
                "SELECT checksum FROM rocket.version_inputs WHERE version = $1 AND role = 'evaluation'",
                [.int(version)]
            ).map { try $0.text("checksum") })
    }

    private func insertVersion(_ new: NewModelVersion) throws -> Int {
        let (lineage, origin, program, training) = (new.lineage, new.origin, new.program, new.training)
        let rows = try connection.execute(
            """
            INSERT INTO rocket.model_versions (
                model, run_id, trained_from, trained_to, evaluated_day, fingerprint, specification_hash, seed,
                job_file, training, light_parameters, booster_parameters, embedding_parameters, program_version,
                parent_version, program_revision, program_sha256, backfilled, served_net, served_candidates,
                served_limit_us)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14,
                $15, $16, $17, $18, $19, $20, $21)
            RETURNING version
            """,
            [
                .text(lineage.model), Value(origin.run),
                .day(lineage.trainedDays.lowerBound), .day(lineage.trainedDays.upperBound),
                Value(lineage.evaluatedDay), .text(lineage.fingerprint),
                .text(lineage.specificationHash), .text(String(origin.seed)), .text(origin.jobFileText),
                .json(training.json), .int(training.parameters(of: training.served.net)),
                .int(training.parameters(of: "booster")),
                .int(training.embeddingParameters), .text(program.version), Value(origin.parent),
                Value(program.revision), Value(program.digest),
                .bool(origin.backfilled), .text(training.served.net), Value(training.served.limit?.candidates),
                Value(training.served.limit?.p99Microseconds),
            ])
        return try rows[rows.startIndex].int("version")
    }

    private func insert(_ artifact: Artifact, version: Int) throws {
        let bytes = try artifact.bytes(of: version)
        try connection.execute(
            "INSERT INTO rocket.artifacts (version, name, bytes, sha256) VALUES ($1, $2, $3, $4)",
            [
                .int(version), .text(artifact.name), .int(bytes.count),
                .text(try SHA256Digest.of(bytes).hex),
            ])
        for (index, start) in stride(from: 0, to: bytes.count, by: Self.chunkBytes).enumerated() {
            let chunk = bytes[start..<min(start + Self.chunkBytes, bytes.count)]
            try connection.execute(
                "INSERT INTO rocket.artifact_chunks (version, name, chunk, data) VALUES ($1, $2, $3, $4)",
                [.int(version), .text(artifact.name), .int(index), .bytes(Array(chunk))])
        }
    }

    /// Small enough not to matter for memory, large enough that round trips do not matter.
    private static let chunkBytes = 4 << 20
}

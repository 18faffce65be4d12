import Extract
import Files
import ModelRegistry
import Postgres

extension Doctor {
    /// Runs that are running or ended without a word, the newest run's end, and who holds locks.
    static func runs(model: String?, on connection: Connection) throws -> [Finding] {
        let rows = try connection.execute(
            """
            SELECT run_id, command, model, host, pid, started_at::timestamptz(0)::text AS started, status, error,
                   status = 'running' AND rocket.run_is_alive(run_id) AS is_alive
            FROM rocket.runs
            WHERE ($1::text IS NULL OR model = $1)
              AND (status = 'running' OR run_id = (SELECT max(run_id) FROM rocket.runs WHERE $1::text IS NULL OR model = $1))
            ORDER BY run_id
            """, [Value(model)])
        var findings: [Finding] = []
        for row in rows {
            let name = "run \(try row.int("run_id"))"
            let what =
                "\(try row.text("command")) of \(try row.text("model")), process \(try row.int("pid")) on "
                + "\(try row.text("host")), since \(try row.text("started"))"
            switch try row.text("status") {
            case "running" where try row.bool("is_alive"): findings.append(.ok(.runs, name, "running: \(what)"))
            case "running", "died":
                findings.append(
                    .warning(
                        .runs, name, "ended without a word: \(what)",
                        fix:
                            "nothing: the next run resumes from what was done; see whether the machine stopped or was out "
                            + "of memory (dmesg)"))
            case "failed":
                findings.append(
                    .warning(
                        .runs, name, "the newest run failed: \(try row.textOrNil("error") ?? what)",
                        fix: "fix what it says and run it again: it resumes from what was done"))
            case let status: findings.append(.ok(.runs, name, "the newest: \(status.replacing("_", with: " "))"))
            }
        }
        if rows.isEmpty { findings.append(.ok(.runs, "runs", "none yet")) }
        return try findings + locks(model: model, on: connection)
    }

    private static func locks(model: String?, on connection: Connection) throws -> [Finding] {
        let names = [model.map { "rocket/\($0)" }, Extraction.cacheLock, "rocket/migrate"].compactMap { $0 }
        let held = try names.compactMap { name in
            try AdvisoryLock.holder(of: name, on: connection).map { Finding.ok(.runs, "lock \(name)", "held by \($0)") }
        }
        return held.isEmpty ? [.ok(.runs, "locks", "none is held")] : held
    }

    /// Whether what is served is whole: all bytes of its artifacts against their SHA-256.
    static func liveModels(model: String?, on connection: Connection) throws -> [Finding] {
        let registry = ModelRegistry(connection)
        let live = try registry.liveVersions().filter { model == nil || $0.model == model }
        if live.isEmpty { return [.ok(.models, "live", "no version is live yet")] }
        return try live.map { name, version in
            let artifacts = try registry.artifacts(of: version)
            do {
                for artifact in artifacts { try registry.checkedArtifact(artifact.name, version: version) { _ in } }
                return .ok(.models, name, "version \(version) is live, its \(artifacts.count) artifacts are whole")
            } catch let error as ModelRegistryError {
                return try damaged(name, version, error, registry)
            } catch {
                // Nothing is known of the bytes: another version could be read no better.
                return .problem(.models, name, "version \(version) is live and cannot be read: \(error)")
            }
        }
    }

    /// What to do where a live version's bytes are not what they were. Going back helps where the server sees the
    /// damage too, and what was live before is whole.
    private static func damaged(
        _ name: String, _ version: Int, _ error: ModelRegistryError, _ registry: ModelRegistry
    ) throws -> Finding {
        let found = "version \(version) is live and damaged: \(error)"
        guard try registry.isDamagedAtServer(version) else {
            return .problem(
                .models, name,
                "the server finds version \(version), which is live, as it was; it is damaged when it arrives: \(error)",
                fix: "look for what changes bytes on their way (a proxy, a driver); leave the version live")
        }
        guard let earlier = try registry.rollbackTarget(model: name) else {
            return .problem(
                .models, name, found,
                fix: "restore rocket.artifact_chunks of version \(version) from a backup, or train anew; no earlier "
                    + "version can be gone back to. Look at the database's disk")
        }
        guard try !registry.isDamagedAtServer(earlier) else {
            return .problem(
                .models, name, "\(found); so is version \(earlier), which was live before",
                fix: "restore rocket.artifact_chunks from a backup, or train anew, and look at the database's disk")
        }
        return .problem(
            .models, name, found,
            fix: "rocket models rollback --model \(ShellWord.quoted(name)), and look at the database's disk")
    }
}

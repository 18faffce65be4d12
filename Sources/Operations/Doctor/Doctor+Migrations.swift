import Postgres
import Runs

extension Doctor {
    /// A migration that a database says it has.
    struct AppliedMigration: Equatable {
        var number: Int
        var name, checksum: String
    }

    static func migrations(in folder: String?, on connection: Connection) throws -> [Finding] {
        let isThere = try connection.execute(
            """
            SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = 'rocket' AND c.relname = 'schema_migrations'
            """)
        guard !isThere.isEmpty else {
            return [
                .problem(.migrations, "schema rocket", "the job's tables are not there yet", fix: "rocket migrate")
            ]
        }
        let applied = try connection.execute(
            "SELECT number, name, checksum FROM rocket.schema_migrations ORDER BY number"
        ).map { row in
            AppliedMigration(
                number: try row.int("number"), name: try row.text("name"), checksum: try row.text("checksum"))
        }
        do {
            return [compare(applied, with: try JobSchema.migrations(in: folder).all)]
        } catch {
            return [
                .warning(
                    .migrations, folder ?? "schema rocket",
                    "\(applied.count) are applied; whether there are newer ones is unknown: \(error)",
                    fix: "leave --migrations and ROCKET_MIGRATIONS out: the program has its own")
            ]
        }
    }

    static func compare(_ applied: [AppliedMigration], with files: [Migration]) -> Finding {
        let subject = "schema rocket"
        if let newer = applied.first(where: { migration in !files.contains { $0.number == migration.number } }) {
            return .problem(
                .migrations, subject, "\(newer.name) is applied, which this version of the program does not know",
                fix: "use the program that came with it, or a newer one")
        }
        let edited = files.first { file in
            applied.contains { $0.number == file.number && ($0.checksum != file.checksum || $0.name != file.name) }
        }
        if let edited {
            return .problem(
                .migrations, subject, "\(edited.name) was edited after it was applied",
                fix: "git checkout migrations/\(edited.name), and put the change into a new migration")
        }
        let pending = files.filter { file in !applied.contains { $0.number == file.number } }
        if let first = pending.first {
            return .problem(
                .migrations, subject, "\(pending.count) to apply, from \(first.name) on", fix: "rocket migrate")
        }
        return .ok(.migrations, subject, "all \(applied.count) are applied")
    }
}

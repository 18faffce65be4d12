import Postgres

extension Doctor {
    /// A trigger of the job's tables.
    private struct Seal {
        let table, name, definition: String

        /// - Parameter definition: As `pg_get_triggerdef` writes it in a session without a search path.
        init(_ table: String, _ name: String, _ definition: String) {
            (self.table, self.name, self.definition) = (table, name, definition)
        }

        /// - Parameters:
        ///   - events: And when: `BEFORE INSERT`.
        ///   - call: The function and its argument.
        init(_ table: String, _ name: String, _ events: String, each: String = "ROW", _ call: String) {
            self.init(
                table, name,
                "CREATE TRIGGER \(name) \(events) ON rocket.\(table) FOR EACH \(each) EXECUTE FUNCTION rocket.\(call)")
        }
    }

    /// Whether the triggers are there, enabled and as the migrations made them, that keep versions and ledgers as they
    /// were written: the owner of the tables may switch them off.
    static func seals(on connection: Connection) throws -> [Finding] {
        let rows = try connection.execute(
            """
            SELECT c.relname, t.tgname, t.tgenabled::text AS enabled, pg_get_triggerdef(t.oid) AS definition
            FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE c.relnamespace = 'rocket'::regnamespace AND NOT t.tgisinternal
            """)
        var found: [String: (enabled: String, definition: String)] = [:]
        for row in rows {
            found["\(try row.text("relname")).\(try row.text("tgname"))"] = (
                try row.text("enabled"), try row.text("definition")
            )
        }
        var findings = seals.compactMap { seal -> Finding? in
            guard let trigger = found["\(seal.table).\(seal.name)"] else {
                return broken("trigger \(seal.name) of rocket.\(seal.table) is gone", "\(seal.definition);")
            }
            guard trigger.definition == seal.definition else {
                return broken(
                    "trigger \(seal.name) of rocket.\(seal.table) is not the one that the migrations made: "
                        + trigger.definition,
                    "DROP TRIGGER \(seal.name) ON rocket.\(seal.table); \(seal.definition);")
            }
            guard ["O", "A"].contains(trigger.enabled) else {
                return broken(
                    "trigger \(seal.name) of rocket.\(seal.table) is disabled",
                    "ALTER TABLE rocket.\(seal.table) ENABLE TRIGGER \(seal.name);")
            }
            return nil
        }
        findings += try withoutTriggers(on: connection)
        return findings.isEmpty
            ? [.ok(.rights, "seals", "versions and ledgers stay as they were written")] : findings
    }

    /// The logins and databases whose sessions fire no trigger.
    private static func withoutTriggers(on connection: Connection) throws -> [Finding] {
        try connection.execute(
            """
            SELECT concat_ws(' IN DATABASE ', 'ROLE ' || quote_ident(r.rolname),
                             CASE WHEN r.rolname IS NULL THEN NULL ELSE quote_ident(d.datname) END) AS role,
                   quote_ident(d.datname) AS database
            FROM pg_db_role_setting s
            LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase,
                 unnest(s.setconfig) AS c (setting)
            WHERE lower(c.setting) = 'session_replication_role=replica'
              AND (s.setdatabase = 0 OR d.datname = current_database())
            ORDER BY 1, 2
            """
        ).map { row in
            let role = try row.text("role")
            let who = role.isEmpty ? "DATABASE \(try row.textOrNil("database") ?? "")" : role
            return broken(
                "sessions of \(who.lowercased().prefix(1))\(who.dropFirst()) fire no trigger (session_replication_role)",
                "ALTER \(who) RESET session_replication_role;")
        }
    }

    private static func broken(_ found: String, _ fix: String) -> Finding {
        .problem(
            .rights, "seals", "\(found): whoever may write can change a finished version or a ledger unseen",
            fix: "\(fix)  -- as the owner of the tables; then look at what was written meanwhile")
    }

    private static let seals: [Seal] = {
        let sealed = [
            ("version_inputs", "body"), ("artifacts", "body"), ("artifact_chunks", "body"),
            ("evaluation_reports", "reports"), ("reliability_bins", "reports"), ("slice_reports", "reports"),
            ("roc_points", "reports"), ("feature_importance", "reports"), ("latency_reports", "latency"),
            ("model_comparisons", "gate"), ("live_reports", "gate"), ("gate_verdicts", "gate"), ("gate_rules", "gate"),
            ("version_nets", "body"), ("net_comparisons", "gate"),
        ].map { Seal($0, "\($0)_seal", "BEFORE INSERT OR DELETE OR UPDATE", "check_seal('\($1)')") }
        return sealed + [
            Seal("deployments", "deployments_append_only", "BEFORE DELETE OR UPDATE", "refuse_change()"),
            Seal("deployments", "deployments_no_truncate", "BEFORE TRUNCATE", each: "STATEMENT", "refuse_change()"),
            Seal("deployments", "deployments_verdict", "BEFORE INSERT", "check_verdict()"),
            Seal("deployments", "deployments_notify", "AFTER INSERT", "notify_live()"),
            Seal("report_changes", "report_changes_append_only", "BEFORE UPDATE", "refuse_change()"),
            Seal(
                "report_changes", "report_changes_no_truncate", "BEFORE TRUNCATE", each: "STATEMENT", "refuse_change()"),
            Seal("model_versions", "model_versions_open", "AFTER INSERT", "open_new_version()"),
            Seal("model_versions", "model_versions_state", "BEFORE INSERT OR UPDATE OF state", "check_state()"),
            Seal(
                "open_versions", "open_versions_end",
                "CREATE CONSTRAINT TRIGGER open_versions_end AFTER INSERT ON rocket.open_versions "
                    + "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION rocket.seal_version()"),
        ]
    }()
}

import Postgres

/// A line of the ledger `rocket.deployments`.
public struct Deployment: Codable, Equatable, Sendable {
    public var number: Int
    public var model: String
    /// `promote`, `rollback` or `retire`.
    public var action: String
    /// What is live since; nil: nothing.
    public var version: Int?
    /// What was live before; nil: nothing.
    public var previousVersion: Int?
    public var forced: Bool
    public var reason: String?

    enum CodingKeys: String, CodingKey {
        case model, action, version, forced, reason
        case number = "deployment"
        case previousVersion = "previous_version"
    }
}

/// The same functions that a DBA calls in SQL, so there is one set of rules.
extension ModelRegistry {
    /// The live version of a model; nil: none.
    public func live(model: String) throws -> Int? {
        try connection.execute(
            "SELECT version FROM rocket.model_versions WHERE model = $1 AND state = 'live'", [.text(model)]
        ).first?.int("version")
    }

    /// The live version of each model that has one.
    public func liveVersions() throws -> [(model: String, version: Int)] {
        try connection.execute(
            "SELECT model, version FROM rocket.model_versions WHERE state = 'live' ORDER BY model"
        ).map { (try $0.text("model"), try $0.int("version")) }
    }

    /// Number of the model's newest deployment, 0 where there was none: what a promotion expects not to have changed.
    public func newestDeployment(model: String) throws -> Int {
        try connection.execute(
            "SELECT coalesce(max(deployment_id), 0) AS newest FROM rocket.deployments WHERE model = $1", [.text(model)]
        ).first?.int("newest") ?? 0
    }

    /// Makes a version live, in a transaction.
    ///
    /// - Parameters:
    ///   - force: past the gate, which takes a reason.
    ///   - expecting: the newest deployment that the caller knows of; nil: whatever it is.
    /// - Throws: `ModelRegistryError.refused`, `.raced`, `.damagedArtifact`, `.noVersion`, `PostgresError`.
    public func promote(version: Int, reason: String?, force: Bool, expecting: Int? = nil) throws -> Deployment {
        try verifyArtifacts(of: version)
        return try promoteVerified(version: version, reason: reason, force: force, expecting: expecting)
    }

    /// The same for artifacts that are known to be whole.
    func promoteVerified(version: Int, reason: String?, force: Bool, expecting: Int?) throws -> Deployment {
        try deploy(
            "rocket.promote_version($1, $2, $3, $4)",
            [.int(version), reason.map { .text($0) } ?? .null, .bool(force), expecting.map { .int($0) } ?? .null])
    }

    /// Goes back to what was live before, in a transaction.
    ///
    /// - Throws: as `promote`.
    public func rollBack(model: String, reason: String?) throws -> Deployment {
        try deploy("rocket.rollback_model($1, $2)", [.text(model), reason.map { .text($0) } ?? .null])
    }

    /// Takes a version out of service, or a candidate out of the list.
    ///
    /// - Returns: nil for a candidate, of which the ledger says nothing.
    public func retire(version: Int, reason: String?) throws -> Deployment? {
        try deploy("rocket.retire_version($1, $2)", [.int(version), reason.map { .text($0) } ?? .null], orNil: true)
    }

    private func deploy(_ call: String, _ parameters: [Value]) throws -> Deployment {
        guard let entry = try deploy(call, parameters, orNil: true) else {
            throw PostgresError.unexpectedValue(column: "deployment_id", found: nil, expected: "a deployment")
        }
        return entry
    }

    private func deploy(_ call: String, _ parameters: [Value], orNil: Bool) throws -> Deployment? {
        do {
            guard
                let row = try connection.execute(
                    """
                    SELECT deployment_id, model, action, version, previous_version, forced, reason
                    FROM \(call) WHERE deployment_id IS NOT NULL
                    """, parameters
                ).first
            else { return nil }
            return Deployment(
                number: try row.int("deployment_id"), model: try row.text("model"), action: try row.text("action"),
                version: try row.intOrNil("version"), previousVersion: try row.intOrNil("previous_version"),
                forced: try row.bool("forced"), reason: try row.textOrNil("reason"))
        } catch {
            throw ModelRegistryError(error) ?? error
        }
    }

    /// The version that `rollBack` would make live; nil: there is none. The rule is that of `rocket.rollback_model`.
    public func rollbackTarget(model: String) throws -> Int? {
        try connection.execute(
            """
            SELECT d.previous_version AS version
            FROM rocket.deployments d JOIN rocket.model_versions v ON v.version = d.previous_version
            WHERE d.model = $1 AND v.state = 'retired' AND d.action = 'promote'
              AND NOT EXISTS (
                  SELECT FROM rocket.deployments later
                  WHERE later.previous_version = d.previous_version AND later.deployment_id > d.deployment_id)
            ORDER BY d.deployment_id DESC LIMIT 1
            """, [.text(model)]
        ).first?.int("version")
    }

    /// Whether the server itself finds a version's artifacts to be other bytes than they were, before anything travels.
    public func isDamagedAtServer(_ version: Int) throws -> Bool {
        do {
            try connection.execute("SELECT rocket.check_artifacts($1)", [.int(version)])
            return false
        } catch let error as PostgresError where error.sqlState == "XX001" {
            return true
        }
    }

    /// Compares every artifact with its SHA-256, however large it is.
    public func verifyArtifacts(of version: Int) throws {
        for row in try connection.execute("SELECT name FROM rocket.artifacts WHERE version = $1", [.int(version)]) {
            try checkedArtifact(try row.text("name"), version: version) { _ in }
        }
    }
}

extension ModelRegistryError {
    /// What the deployment functions say by SQLSTATE; nil: it is not one of theirs.
    init?(_ error: any Error) {
        guard let error = error as? PostgresError, case .server(let server) = error else { return nil }
        let text = [server.message, server.hint].compactMap { $0 }.joined(separator: ". ")
        switch server.sqlState {
        case "55P03", "40001": self = .raced(text)
        case "55000", "22023": self = .refused(text)
        case "XX001": self = .damaged(text)
        case "P0002": self = .absent(text)
        default: return nil
        }
    }
}

import Postgres

/// A row of the ledger `rocket.deployments`.
public struct Deployment: Codable, Equatable, Sendable {
    public var number: Int
    public var model: String
    /// `promote`, `rollback` or `retire`.
    public var action: String
    /// The version that became live; nil for none.
    public var version: Int?
    /// The version that was live before; nil for none.
    public var previousVersion: Int?
    public var forced: Bool
    public var reason: String?

    enum CodingKeys: String, CodingKey {
        case model, action, version, forced, reason
        case number = "deployment"
        case previousVersion = "previous_version"
    }
}

/// Deployments call the same SQL functions as a DBA, so there is one set of rules.
extension ModelRegistry {
    /// Returns the live version of a model; nil if there is none.
    public func live(model: String) throws -> Int? {
        try connection.execute(
            "SELECT version FROM rocket.model_versions WHERE model = $1 AND state = 'live'", [.text(model)]
        ).first?.int("version")
    }

    /// Returns the live version of each model that has one.
    public func liveVersions() throws -> [(model: String, version: Int)] {
        try connection.execute(
            "SELECT model, version FROM rocket.model_versions WHERE state = 'live' ORDER BY model"
        ).map { (try $0.text("model"), try $0.int("version")) }
    }

    /// Returns the number of the model's newest deployment, 0 if there is none; a promotion expects it not to have
    /// changed.
    public func newestDeployment(model: String) throws -> Int {
        try connection.execute(
            "SELECT coalesce(max(deployment_id), 0) AS newest FROM rocket.deployments WHERE model = $1", [.text(model)]
        ).first?.int("newest") ?? 0
    }

    /// Makes a version live, in one transaction.
    ///
    /// - Parameters:
    ///   - force: Whether to bypass the gate, which requires a reason.
    ///   - expecting: The newest deployment that the caller knows of; nil for any.
    /// - Throws: `ModelRegistryError.refused`, `.raced`, `.damagedArtifact`, `.noVersion`, `PostgresError`.
    public func promote(version: Int, reason: String?, force: Bool, expecting: Int? = nil) throws -> Deployment {
        try verifyArtifacts(of: version)
        return try promoteVerified(version: version, reason: reason, force: force, expecting: expecting)
    }

    /// Makes a version live whose artifacts have been verified.
    func promoteVerified(version: Int, reason: String?, force: Bool, expecting: Int?) throws -> Deployment {
        try deploy(
            "rocket.promote_version($1, $2, $3, $4)",
            [.int(version), Value(reason), .bool(force), Value(expecting)])
    }

    /// Makes the previously live version live again, in one transaction.
    ///
    /// - Throws: As `promote`.
    public func rollBack(model: String, reason: String?) throws -> Deployment {
        try deploy("rocket.rollback_model($1, $2)", [.text(model), Value(reason)])
    }

    /// Takes a version out of service, or a candidate off the list.
    ///
    /// - Returns: Nil for a candidate, which is not in the ledger.
    public func retire(version: Int, reason: String?) throws -> Deployment? {
        try deploy("rocket.retire_version($1, $2)", [.int(version), Value(reason)], orNil: true)
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

    /// Returns the version that `rollBack` would make live; nil if there is none. The rule is that of
    /// `rocket.rollback_model`.
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

    /// Returns whether the server finds a version's artifacts changed, before anything is transferred.
    public func isDamagedAtServer(_ version: Int) throws -> Bool {
        do {
            try connection.execute("SELECT rocket.check_artifacts($1)", [.int(version)])
            return false
        } catch let error where error.sqlState == "XX001" {
            return true
        }
    }

    /// Compares every artifact with its SHA-256, whatever its size.
    public func verifyArtifacts(of version: Int) throws {
        for row in try connection.execute("SELECT name FROM rocket.artifacts WHERE version = $1", [.int(version)]) {
            try checkedArtifact(try row.text("name"), version: version) { _ in }
        }
    }
}

extension ModelRegistryError {
    /// Creates the error that a deployment function reports by SQLSTATE; nil if the error is not one of theirs.
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

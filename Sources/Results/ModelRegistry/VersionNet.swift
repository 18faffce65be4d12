import Days
import Evaluation
import Postgres

/// A net of a version.
public struct VersionNet: Equatable, Sendable {
    public var name: String
    /// Hidden widths, and what else the net is made of.
    public var layers: String
    /// Dense parameters and linear weights.
    public var parameters: Int
    /// What the net needs to score, embeddings included.
    public var bytes: Int

    public init(name: String, layers: String, parameters: Int, bytes: Int) {
        self.name = name
        self.layers = layers
        self.parameters = parameters
        self.bytes = bytes
    }
}

/// Which light net of a version is served, and how it was found.
public struct ServedNetRecord: Equatable, Sendable {
    public var net: String
    /// Candidates per request, and the limit of the 99th percentile in microseconds; nil: the job file names the net.
    public var limit: (candidates: Int, p99Microseconds: Double)?

    public init(net: String, limit: (candidates: Int, p99Microseconds: Double)? = nil) {
        self.net = net
        self.limit = limit
    }

    public static func == (a: ServedNetRecord, b: ServedNetRecord) -> Bool {
        a.net == b.net && a.limit?.candidates == b.limit?.candidates
            && a.limit?.p99Microseconds == b.limit?.p99Microseconds
    }
}

/// A light net minus the next smaller one on the same rows.
public struct NetComparison: Sendable {
    public var net, smaller: String
    public var metric: ModelComparison.Metric
    public var figures: PairedComparison

    public init(_ net: String, minus smaller: String, _ metric: ModelComparison.Metric, _ figures: PairedComparison) {
        self.net = net
        self.smaller = smaller
        self.metric = metric
        self.figures = figures
    }
}

extension ModelRegistry {
    /// Returns the name of the light net of a version that is served.
    public func servedNet(of version: Int) throws -> String { try servedNetRecord(of: version).net }

    /// Returns which light net of a version is served, and the limit that it was chosen by.
    public func servedNetRecord(of version: Int) throws -> ServedNetRecord {
        let row = try connection.execute(
            "SELECT served_net, served_candidates, served_limit_us FROM rocket.model_versions WHERE version = $1",
            [.int(version)]
        ).first
        guard let row else { throw try noVersion(version) }
        var record = ServedNetRecord(net: try row.text("served_net"))
        if let candidates = try row.intOrNil("served_candidates"), let p99 = try row.doubleOrNil("served_limit_us") {
            record.limit = (candidates, p99)
        }
        return record
    }

    /// Returns the names of a version's light nets, from the smallest to the largest.
    public func lightNets(of version: Int) throws -> [String] {
        let names = try connection.execute(
            "SELECT net FROM rocket.version_nets WHERE version = $1 AND net <> 'booster' ORDER BY place",
            [.int(version)]
        ).map { try $0.text("net") }
        return names.isEmpty ? [try servedNet(of: version)] : names
    }

    func insert(_ nets: [VersionNet], version: Int) throws {
        for (index, net) in nets.enumerated() {
            try connection.execute(
                """
                INSERT INTO rocket.version_nets (version, net, place, layers, parameters, bytes)
                VALUES ($1, $2, $3, $4, $5, $6)
                """,
                [
                    .int(version), .text(net.name), .int(index + 1), .text(net.layers), .int(net.parameters),
                    .int(net.bytes),
                ])
        }
    }

    func insert(_ comparison: NetComparison, version: Int, day: Day) throws {
        let figures = comparison.figures
        try connection.execute(
            """
            INSERT INTO rocket.net_comparisons (
                version, day, net, smaller_net, metric, estimate, standard_error, confidence, lower_bound, upper_bound)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT DO NOTHING
            """,
            [
                .int(version), .day(day), .text(comparison.net), .text(comparison.smaller),
                .text(comparison.metric.rawValue), .double(figures.estimate), .double(figures.standardError),
                .double(figures.confidence), .double(figures.lowerBound), .double(figures.upperBound),
            ])
    }
}

import Days
import Foundation
import ModelRegistry
import Plots
import Postgres

/// What several light nets of a version are worth, and what each costs: rows of `rocket.quality_by_latency`.
public struct QualityCurve: Codable, Equatable, Sendable {
    /// The light net that is served.
    public var served: String
    /// Candidates per call of the latencies.
    public var candidates: Int?
    /// The limit of the 99th percentile, microseconds; nil if the job file names the net.
    public var limitMicroseconds: Double?
    /// The light nets from the smallest to the largest, then the booster and logistic regression.
    public var nets: [Net]
    /// Each light net minus the next smaller one.
    public var neighbours: [Neighbour]
    /// Time that the threads spent on the light nets beyond the first, over their time on all else; nil if not known.
    public var cost: Double?

    public struct Net: Codable, Equatable, Sendable {
        public var net: String
        /// Hidden widths, and what else the net is made of.
        public var layers: String?
        public var parameters: Int?
        /// What the net needs to score, embeddings included.
        public var bytes: Int?
        public var auc: Double?
        public var aucStandardError: Double?
        public var gauc: Double?
        public var logLoss: Double
        public var normalizedEntropy: Double?
        public var pcoc: Double?
        public var p50: Double?
        public var p99: Double?

        /// Whether it is one of the light nets.
        public var isLight: Bool { net != "booster" && net != "logistic_regression" }

        enum CodingKeys: String, CodingKey {
            case net, layers, parameters, bytes, auc, gauc, pcoc
            case aucStandardError = "auc_standard_error"
            case logLoss = "log_loss"
            case normalizedEntropy = "normalized_entropy"
            case p50 = "p50_us"
            case p99 = "p99_us"
        }
    }

    /// A difference on the same rows.
    public struct Neighbour: Codable, Equatable, Sendable {
        public var net: String
        public var smaller: String
        /// The metric, `auc` or `log_loss`.
        public var metric: String
        public var estimate: Double
        public var standardError: Double
        /// The bounds, each at `confidence`.
        public var lower, upper: Double
        public var confidence: Double

        enum CodingKeys: String, CodingKey {
            case net, metric, estimate, lower, upper, confidence
            case smaller = "smaller_net"
            case standardError = "standard_error"
        }
    }

    enum CodingKeys: String, CodingKey {
        case served, candidates, nets, neighbours, cost
        case limitMicroseconds = "limit_us"
    }
}

extension QualityCurve {
    public var lights: [Net] { nets.filter(\.isLight) }

    /// What a larger or a smaller net than the served one would buy, in one sentence.
    public var advice: String? {
        guard let index = lights.firstIndex(where: { $0.net == served }) else { return nil }
        let parts = [
            index + 1 < lights.count ? exchange(for: lights[index + 1], over: lights[index], "larger") : nil,
            index > 0 ? exchange(for: lights[index - 1], over: lights[index], "smaller") : nil,
        ].compactMap(\.self)
        return parts.isEmpty ? nil : parts.joined(separator: "; ") + "."
    }

    private func exchange(for other: Net, over own: Net, _ size: String) -> String? {
        let isLarger = size == "larger"
        let (net, smaller) = isLarger ? (other.net, own.net) : (own.net, other.net)
        guard let auc = neighbours.first(where: { $0.net == net && $0.smaller == smaller && $0.metric == "auc" }) else {
            return nil
        }
        let difference = isLarger ? auc.estimate : -auc.estimate
        let isClear = abs(auc.estimate) > 1.96 * auc.standardError
        let gain = "\(NumberText.signed(difference)) ± \(NumberText.fixed(auc.standardError)) AUC"
        let speed = zip2(other.p99, own.p99).map { ", \(NumberText.fixed($0 / $1, decimals: 2)) times the p99" } ?? ""
        return "the next \(size) net, \(other.net), gives \(gain)\(isClear ? "" : " (not clearly different)")\(speed)"
    }

    private func zip2(_ a: Double?, _ b: Double?) -> (Double, Double)? {
        guard let a, let b, b > 0 else { return nil }
        return (a, b)
    }
}

extension ReportReader {
    /// Reads the curve of a version with several light nets; nil for one with one.
    public func curve(of version: Int, on day: Day?) throws -> QualityCurve? {
        guard let day else { return nil }
        let rows = try connection.execute(
            """
            SELECT q.*, e.gauc, e.normalized_entropy, e.pcoc,
                   (v.training #>> '{rocket,thread_seconds,other_lights}')::double precision AS other_seconds,
                   (SELECT sum(value::text::double precision)
                    FROM jsonb_each(v.training #> '{rocket,thread_seconds}')
                    WHERE key NOT IN ('other_lights', 'exchange')) AS seconds
            FROM rocket.quality_by_latency q
            JOIN rocket.model_versions v USING (version)
            JOIN rocket.evaluation_reports e ON e.version = q.version AND e.day = q.day AND e.net = q.net
                AND e.arm IN ('rocket', 'logistic_regression')
            WHERE q.version = $1 AND q.day = $2
            ORDER BY q.net IN ('booster', 'logistic_regression'), q.place, q.net
            """, [.int(version), .day(day)])
        let nets = try rows.map { row in
            QualityCurve.Net(
                net: try row.text("net"), layers: try row.textOrNil("layers"),
                parameters: try row.intOrNil("parameters"), bytes: try row.intOrNil("bytes"),
                auc: try row.doubleOrNil("auc"),
                aucStandardError: try row.doubleOrNil("auc_standard_error"), gauc: try row.doubleOrNil("gauc"),
                logLoss: try row.double("log_loss"), normalizedEntropy: try row.doubleOrNil("normalized_entropy"),
                pcoc: try row.doubleOrNil("pcoc"), p50: try row.doubleOrNil("p50_us"),
                p99: try row.doubleOrNil("p99_us"))
        }
        guard nets.count(where: \.isLight) > 1 else { return nil }
        let served = try ModelRegistry(connection).servedNet(of: version)
        let light = try rows.first { try $0.text("net") == served }
        let (other, all) = (try rows.first?.doubleOrNil("other_seconds"), try rows.first?.doubleOrNil("seconds"))
        var cost: Double?
        if let other, let all, all > 0 { cost = other / all }
        return QualityCurve(
            served: served, candidates: try light?.intOrNil("candidates"),
            limitMicroseconds: try light?.doubleOrNil("limit_us"), nets: nets,
            neighbours: try neighbours(of: version, on: day), cost: cost)
    }

    private func neighbours(of version: Int, on day: Day) throws -> [QualityCurve.Neighbour] {
        try connection.execute(
            """
            SELECT c.* FROM rocket.net_comparisons c JOIN rocket.version_nets n USING (version, net)
            WHERE c.version = $1 AND c.day = $2 ORDER BY n.place, c.metric
            """, [.int(version), .day(day)]
        ).map { row in
            QualityCurve.Neighbour(
                net: try row.text("net"), smaller: try row.text("smaller_net"), metric: try row.text("metric"),
                estimate: try row.double("estimate"), standardError: try row.double("standard_error"),
                lower: try row.double("lower_bound"), upper: try row.double("upper_bound"),
                confidence: try row.double("confidence"))
        }
    }
}

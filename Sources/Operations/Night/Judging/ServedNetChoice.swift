import Evaluation
import Foundation
import JobFile
import ModelRegistry

/// Which light net of a night is served, and why.
struct ServedNetChoice {
    var record: ServedNetRecord
    /// What the gate says of it; nil: there is one light net.
    var rule: PromotionGate.Rule?
    /// Something that a person should hear of.
    var warning: String?

    /// A live net leaves the limit when it is above it by more than this share, so that noise changes nothing.
    static let tolerance = 0.1

    /// Chooses a net.
    ///
    /// - Parameters:
    ///   - lights: names of the light nets, from the smallest to the largest.
    ///   - latencies: as the night measured them.
    ///   - live: the net that is served now; nil: none, or it is none of these.
    init(_ served: ServedNet, among lights: [String], _ latencies: [LatencyReport], live: String?) {
        guard case .largest(let limit, let candidates) = served else {
            self.init(served, of: lights)
            return
        }
        self.init(limit: limit, candidates: candidates, among: lights, latencies, live: live)
    }

    private init(_ served: ServedNet, of lights: [String]) {
        var name = lights.last ?? ""
        if case .net(let named) = served { name = named }
        record = ServedNetRecord(net: name)
        guard lights.count > 1 else { return }
        rule = PromotionGate.Rule(
            "served_net", 1, lowest: 1, "\(name) of \(lights.joined(separator: ", ")), as the job file says")
    }

    private init(
        limit: Double, candidates: Int, among lights: [String], _ latencies: [LatencyReport], live: String?
    ) {
        func p99(_ net: String) -> Double? {
            let reports = latencies.filter { $0.net == net && $0.batchSize == candidates }
            return (reports.first { $0.mode == .paced } ?? reports.first)?.p99Microseconds
        }
        func highest(_ net: String) -> Double { net == live ? limit * (1 + Self.tolerance) : limit }
        func fits(_ net: String) -> Bool { p99(net).map { $0 <= highest(net) } ?? false }
        let isMeasured = lights.contains { p99($0) != nil }
        let chosen = lights.last(where: fits) ?? lights.first { !isMeasured && $0 == live } ?? lights.first ?? ""
        record = ServedNetRecord(net: chosen, limit: (candidates, limit))
        let measured = lights.map { "\($0) \(p99($0).map { String(format: "%.0f", $0) } ?? "not measured")" }
        let text = "p99 of \(candidates) candidates in µs: \(measured.joined(separator: ", "))"
        let limitText = String(format: "%.0f", limit)
        let reason =
            if fits(chosen), let time = p99(chosen), time > limit {
                "\(chosen) is live, and stays so up to 10 % above the limit of \(limitText) µs"
            } else if fits(chosen) {
                "\(chosen) is the largest net within \(limitText) µs"
            } else {
                "no net is within \(limitText) µs, so \(chosen) is judged"
            }
        rule = PromotionGate.Rule("served_net", p99(chosen), highest: highest(chosen), "\(reason); \(text)")
        if !fits(chosen) { warning = "\(reason); \(text)" }
    }
}

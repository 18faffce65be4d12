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

    /// Chooses a net for a new version.
    ///
    /// - Parameters:
    ///   - lights: names of the light nets, from the smallest to the largest.
    ///   - latencies: as the night measured them.
    ///   - live: the net that is served now; nil: none, or it is none of these.
    init(_ served: ServedNet, among lights: [String], _ latencies: [LatencyReport], live: String?) {
        switch served {
        case .net(let name): self.init(named: name, among: lights)
        case .largest(let limit, let candidates):
            self.init(among: lights, LatencyLimit(limit, candidates: candidates, latencies, live: live))
        }
    }

    /// Holds a version that is there to its own choice, and to the limit that this was made by, whatever the job file
    /// says now.
    ///
    /// - Parameters:
    ///   - record: as the version has it.
    ///   - latencies: those that the choice was made by.
    ///   - live: as for a new version.
    init(_ record: ServedNetRecord, among lights: [String], _ latencies: [LatencyReport], live: String?) {
        guard let (candidates, p99) = record.limit else {
            self.init(named: record.net, among: lights)
            return
        }
        self.init(record, among: lights, LatencyLimit(p99, candidates: candidates, latencies, live: live))
    }

    private init(named name: String, among lights: [String]) {
        record = ServedNetRecord(net: name)
        guard lights.count > 1 else { return }
        rule = PromotionGate.Rule(
            "served_net", 1, lowest: 1, "\(name) of \(lights.joined(separator: ", ")), as the job file says")
    }

    private init(among lights: [String], _ limit: LatencyLimit) {
        let isMeasured = lights.contains { limit.p99($0) != nil }
        let chosen =
            lights.last(where: limit.allows) ?? lights.first { !isMeasured && $0 == limit.live } ?? lights.first ?? ""
        self.init(
            ServedNetRecord(net: chosen, limit: (limit.candidates, limit.microseconds)), among: lights, limit)
    }

    private init(_ record: ServedNetRecord, among lights: [String], _ limit: LatencyLimit) {
        self.record = record
        let (net, text) = (record.net, String(format: "%.0f", limit.microseconds))
        let (fits, time) = (limit.allows(net), limit.p99(net))
        // Of a version that is there another net may be the largest by now: rocket evaluate measures it again.
        let isLargest = net == lights.last(where: limit.allows)
        let reason =
            if fits, let time, time > limit.microseconds {
                "\(net) is live, and stays so up to 10 % above the limit of \(text) µs"
            } else if fits {
                isLargest ? "\(net) is the largest net within \(text) µs" : "\(net) is within \(text) µs"
            } else if lights.contains(where: limit.allows) {
                "\(net) is not within \(text) µs"
            } else {
                "no net is within \(text) µs, so \(net) is judged"
            }
        let detail = "\(reason); \(limit.description(of: lights))"
        rule = PromotionGate.Rule("served_net", time, highest: limit.highest(net), detail)
        if !fits { warning = detail }
    }
}

/// A limit of latency, and what was measured.
private struct LatencyLimit {
    let microseconds: Double
    let candidates: Int
    let live: String?
    private let latencies: [LatencyReport]

    init(_ microseconds: Double, candidates: Int, _ latencies: [LatencyReport], live: String?) {
        self.microseconds = microseconds
        self.candidates = candidates
        self.latencies = latencies.filter { $0.batchSize == candidates }
        self.live = live
    }

    /// A live net leaves the limit when it is above it by more than this share, so that noise changes nothing.
    private static let tolerance = 0.1

    /// The 99th percentile of a net, at a fixed rate if that was measured; nil: it was not measured.
    func p99(_ net: String) -> Double? {
        let reports = latencies.filter { $0.net == net }
        return (reports.first { $0.mode == .paced } ?? reports.first)?.p99Microseconds
    }

    func highest(_ net: String) -> Double { net == live ? microseconds * (1 + Self.tolerance) : microseconds }
    func allows(_ net: String) -> Bool { p99(net).map { $0 <= highest(net) } ?? false }

    func description(of lights: [String]) -> String {
        let measured = lights.map { "\($0) \(p99($0).map { String(format: "%.0f", $0) } ?? "not measured")" }
        return "p99 of \(candidates) candidates in µs: \(measured.joined(separator: ", "))"
    }
}

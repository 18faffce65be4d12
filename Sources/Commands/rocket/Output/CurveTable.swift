import Foundation
import Reports
import TextTable

/// Quality over latency of several light nets.
func curveText(_ curve: QualityCurve) -> String {
    var lines = [curveTable(curve)]
    if let advice = curve.advice { lines.append(advice.prefix(1).uppercased() + advice.dropFirst()) }
    if let limit = curve.limitMicroseconds {
        lines.append(
            "serve.largest_within_p99_us: \(number(limit, digits: 0)), for \(curve.candidates ?? 0) candidates")
    }
    if let cost = curve.cost {
        lines.append("the light nets beyond the first took \(percent(cost)) of the training time of all else")
    }
    return lines.joined(separator: "\n")
}

private func curveTable(_ curve: QualityCurve) -> String {
    TextTable<QualityCurve.Net> { net in
        let gain = curve.neighbours.first { $0.net == net.net && $0.metric == "auc" }
            .map { String(format: "%+.4f ± %.4f", $0.estimate, $0.standardError) }
        return [
            Column(title: "net", value: net.net == curve.served ? "\(net.net) (served)" : net.net),
            Column(title: "layers", value: net.layers ?? "–"),
            Column(title: "parameters", value: net.parameters?.grouped ?? "–", align: .right),
            Column(title: "bytes", value: net.bytes?.grouped ?? "–", align: .right),
            Column(title: "AUC", value: number(net.auc), align: .right),
            Column(title: "±", value: number(net.aucStandardError), align: .right),
            Column(title: "over the smaller", value: gain ?? "–", align: .right),
            Column(title: "log loss", value: number(net.logLoss), align: .right),
            Column(title: "PCOC", value: number(net.pcoc, digits: 3), align: .right),
            Column(title: "p50 µs", value: number(net.p50, digits: 1), align: .right),
            Column(title: "p99 µs", value: number(net.p99, digits: 1), align: .right),
        ]
    }.string(for: curve.nets, style: Style.psql) ?? ""
}

import Backfill
import Files
import Foundation
import Night
import Reports
import Runs
import TextTable

/// One report as a page of text.
func reportText(_ report: ModelReport) -> String {
    var lines = ["model \(report.model), version \(report.version), \(stateText(report))"]
    lines.append("trained on  \(report.trainedFrom) … \(report.trainedTo)")
    if let epochs = epochsText(report) { lines.append(epochs) }
    guard let day = report.evaluatedDay else {
        return (lines + ["not judged yet; run: rocket evaluate --job FILE --model-version \(report.version)"]).joined(
            separator: "\n")
    }
    lines.append(
        "judged on   \(day), unseen: \((report.impressions ?? 0).grouped) impressions, "
            + "\((report.clicks ?? 0).grouped) clicks")
    lines.append("")
    lines.append(netTable(report))
    lines.append(errorNote(report))
    lines += report.gains
    if let gap = report.gapClosed {
        let bounds = report.gapClosedLow.flatMap { low in
            report.gapClosedHigh.map { " (\(percent(low)) … \(percent($0)))" }
        }
        lines.append(
            "gap_closed  \(percent(gap))\(bounds ?? "") of the way from \(report.servedNet) alone (AUC \(number(report.lightAloneAUC))) "
                + "to booster alone (AUC \(number(report.boosterAloneAUC)))")
    } else if let note = report.gapClosedNote {
        lines.append(
            "gap_closed  –: \(note) (AUC alone: \(report.servedNet) \(number(report.lightAloneAUC)), booster "
                + "\(number(report.boosterAloneAUC)))")
    }
    if let oracle = report.oracleAUC {
        lines.append(
            "true probabilities reach AUC \(number(oracle)): \(report.servedNet) \(percent(report.light.oracleShare)), "
                + "booster \(percent(report.booster.oracleShare)) of the way from 0.5")
    }
    // Of other light nets the curve below says what they cost.
    let latency = report.latency.filter { [report.servedNet, "booster"].contains($0.net) }
    if !latency.isEmpty { lines.append("\n" + latencyTable(latency)) }
    if let times = report.timesFaster {
        lines.append(
            "\(report.servedNet) is \(number(times, digits: 1)) times as fast as the booster "
                + "(medians of the largest batch, back to back)")
    }
    if let curve = report.curve { lines.append("\n" + curveText(curve)) }
    if let artifact = report.artifact {
        lines.append(
            "the model is in rocket.artifacts: version \(report.version), \(artifact.name), "
                + "\(artifact.bytes.grouped) bytes, SHA-256 \(artifact.sha256)")
    }
    return lines.joined(separator: "\n") + "\n"
}

/// How long was trained, and who said so.
private func epochsText(_ report: ModelReport) -> String? {
    guard let epochs = report.epochs else { return nil }
    let booster = report.boosterEpochs.map { ", of the booster \(String(format: "%g", $0))" } ?? ""
    let origin: String? =
        switch report.epochsOrigin {
        case "searched": "found on held-out rows"
        case "cut_short": "found on held-out rows within training.budget"
        case "reused": "found by an earlier night"
        case "too_few": "the held-out rows had too few of a class to search by"
        default: nil
        }
    return "epochs      \(String(format: "%g", epochs))\(booster)" + (origin.map { ": \($0)" } ?? "")
}

/// Reports as a table, one per line.
func reportTable(_ reports: [ModelReport]) -> String {
    let table = TextTable<ModelReport> { report in
        [
            Column(title: "model", value: report.model),
            Column(title: "version", value: report.version, align: .right),
            Column(title: "state", value: stateText(report)),
            Column(title: "trained on", value: "\(report.trainedFrom) … \(report.trainedTo)"),
            Column(title: "judged on", value: report.evaluatedDay.map(\.description) ?? "–"),
            Column(title: "impressions", value: report.impressions?.grouped ?? "–", align: .right),
            Column(title: "clicks", value: report.clicks?.grouped ?? "–", align: .right),
            Column(title: "light AUC", value: number(report.light.auc), align: .right),
            Column(title: "booster AUC", value: number(report.booster.auc), align: .right),
            Column(title: "gap closed", value: percent(report.gapClosed), align: .right),
            Column(title: "light PCOC", value: number(report.light.pcoc, digits: 3), align: .right),
            Column(title: "light p99 µs", value: number(report.light.p99, digits: 1), align: .right),
            Column(title: "booster p99 µs", value: number(report.booster.p99, digits: 1), align: .right),
        ]
    }
    return StatusColour().table(table.string(for: reports, style: Style.psql) ?? "")
}

private func stateText(_ report: ModelReport) -> String {
    report.state + (report.backfilled ? ", backfilled" : "")
}

/// What a backfill would do, one day a line.
func planTable(_ plan: BackfillPlan) -> String {
    TextTable<BackfillPlan.Entry> { entry in
        [
            Column(title: "night", value: entry.day),
            Column(
                title: "trains on",
                value: entry.night.map { "\($0.trained.lowerBound) … \($0.trained.upperBound)" } ?? "–"),
            Column(title: "days", value: entry.night.map { "\($0.trainingDays.count)" } ?? "–", align: .right),
            Column(title: "version", value: entry.version.map(String.init) ?? "–", align: .right),
            Column(title: "action", value: entry.action.rawValue),
            Column(title: "because", value: "\(entry.reason)"),
        ]
    }.string(for: plan.entries, style: Style.psql) ?? ""
}

/// Runs as a table. A run that the gate ended is shown as held.
func runTable(_ runs: [RunReport]) -> String {
    let table = TextTable<RunReport> { run in
        [
            Column(title: "run", value: run.run, align: .right),
            Column(title: "model", value: run.model),
            Column(title: "command", value: run.command),
            Column(title: "judged on", value: run.evaluatedDay.map(\.description) ?? "–"),
            Column(title: "status", value: run.exitCode == Int(ExitStatus.held.rawValue) ? "held" : run.status),
            Column(title: "version", value: run.version.map(String.init) ?? "–", align: .right),
            Column(title: "started", value: run.startedAt),
            Column(title: "seconds", value: number(run.seconds, digits: 1), align: .right),
            Column(title: "attempts", value: run.attempts, align: .right),
            Column(
                title: "peak MiB", value: run.peakMemoryBytes.map { ($0 >> 20).grouped } ?? "–", align: .right),
            Column(title: "process", value: "\(run.pid) on \(run.host)"),
            Column(title: "doing, or error", value: lastWord(of: run)),
        ]
    }
    return StatusColour().table(table.string(for: runs, style: Style.psql) ?? "")
}

/// The stages of a run as a table.
func stageTable(_ stages: [VersionDetails.Stage]) -> String {
    TextTable<VersionDetails.Stage> { stage in
        [
            Column(title: "stage", value: stage.name), Column(title: "of", value: stage.detail ?? ""),
            Column(title: "seconds", value: number(stage.seconds, digits: 1), align: .right),
            Column(title: "rows", value: stage.rows?.grouped ?? "–", align: .right),
        ]
    }.string(for: stages, style: Style.psql) ?? ""
}

/// What a run is doing and how lately it said so; of one that has ended, the beginning of its error.
private func lastWord(of run: RunReport) -> String {
    guard run.status == "running" else {
        return run.error.map { error in
            VisibleText.prefix(
                VisibleText.escaped(error.split(whereSeparator: \.isNewline).joined(separator: " ")), bytes: 60)
        } ?? ""
    }
    let heartbeat = run.heartbeatAgeSeconds.map { "heartbeat \(number(max(0, $0), digits: 0)) s ago" }
    return [run.stage, heartbeat].compactMap(\.self).joined(separator: ", ")
}

/// The gate's rules and their results; after a rule that failed, what to do.
///
/// - Parameter state: The version's state. One that is no candidate any more is not to be forced live.
func gateText(_ decision: GateDecision, version: Int, state: String = "candidate") -> String {
    let isOpen = state == "candidate"
    let live =
        switch (decision.liveVersion, isOpen) {
        case (let live?, true): "version \(live) stays live"
        case (let live?, false): "version \(live) stayed live"
        case (nil, true): "nothing is live"
        case (nil, false): "nothing was live"
        }
    let verdict =
        switch decision.verdict {
        case .promoted: isOpen || state == "live" ? "promoted: it is live now" : "promoted"
        case .firstModel: "promoted: the first live version of its model"
        case .held: "held: \(live)"
        }
    let lines =
        ["gate: \(verdict)"]
        + decision.rules.flatMap { rule in
            if rule.passed { return ["  passed  \(rule)"] }
            return ["  FAILED  \(rule)"] + (isOpen ? ["          \(rule.advice(version: version))"] : [])
        }
    return StatusColour().rules(lines.joined(separator: "\n"))
}

private func netTable(_ report: ModelReport) -> String {
    var nets = [(report.servedNet, report.light), ("booster", report.booster)]
    if let regression = report.logisticRegression { nets.append(("logistic regression", regression)) }
    if let live = report.live, let version = report.liveVersion { nets.append(("live, version \(version)", live)) }
    return TextTable<(String, ModelReport.NetReport)> { name, net in
        [
            Column(title: "net", value: name),
            Column(title: "AUC", value: number(net.auc), align: .right),
            Column(title: "± (DeLong)", value: number(net.aucStandardError), align: .right),
            Column(title: "GAUC", value: number(net.gauc), align: .right),
            Column(title: "±", value: number(net.gaucStandardError), align: .right),
            Column(title: "log loss", value: number(net.logLoss), align: .right),
            Column(title: "NE", value: number(net.normalizedEntropy), align: .right),
            Column(title: "±", value: number(net.normalizedEntropyStandardError), align: .right),
            Column(title: "PCOC", value: number(net.pcoc, digits: 3), align: .right),
            Column(title: "dense parameters", value: net.parameters.grouped, align: .right),
        ]
    }.string(for: nets, style: Style.psql) ?? ""
}

/// What stands behind ±.
private func errorNote(_ report: ModelReport) -> String {
    let which = report.light.gauc == nil ? "of NE over impressions" : "of GAUC and NE over users"
    return "± is the standard error (\(which)); a 95 % interval is 1.96 of it to either side\n"
}

private func latencyTable(_ lines: [ModelReport.LatencyLine]) -> String {
    TextTable<ModelReport.LatencyLine> { line in
        [
            Column(title: "net", value: line.net),
            Column(title: "candidates a call", value: line.batchSize, align: .right),
            Column(
                title: "calls/s", value: line.callsPerSecond.map { Int($0).grouped } ?? "back to back", align: .right),
            Column(title: "p50 µs", value: number(line.p50, digits: 1), align: .right),
            Column(title: "p90 µs", value: number(line.p90, digits: 1), align: .right),
            Column(title: "p99 µs", value: number(line.p99, digits: 1), align: .right),
            Column(title: "p99.9 µs", value: number(line.p999, digits: 1), align: .right),
            Column(title: "scores/s", value: Int(line.scoresPerSecond).grouped, align: .right),
        ]
    }.string(for: lines, style: Style.psql) ?? ""
}

func number(_ value: Double?, digits: Int = 4) -> String {
    value.map { String(format: "%.\(digits)f", $0) } ?? "–"
}

func percent(_ share: Double?) -> String {
    share.map { String(format: "%.1f %%", $0 * 100) } ?? "–"
}

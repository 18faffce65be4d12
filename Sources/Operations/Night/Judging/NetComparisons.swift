import Arrays
import Evaluation
import Foundation
import JobFile
import ModelRegistry
import Nets
import RocketLaunching
import Runs
import Training

/// Differences of nets' AUCs and log losses on the same rows, with their uncertainty over users.
struct NetComparisons {
    private let jobFile: JobFile
    private let recorder: RunRecorder
    private let judged: JudgedNight

    /// - Parameter judged: scored with the live version's light net as `LiveModel.arm`, where it can score the day.
    init(_ jobFile: JobFile, _ recorder: RunRecorder, _ judged: JudgedNight) {
        (self.jobFile, self.recorder, self.judged) = (jobFile, recorder, judged)
    }

    /// Compares the light net that is to be served with others, and each light net with the next smaller one.
    func compare() throws -> (comparisons: [ModelComparison], neighbours: [NetComparison]) {
        let (scored, live) = (judged.scored, judged.liveModel)
        let light = NetName(arm: Arm.rocket.rawValue, net: judged.served.record.net)
        let booster = NetName(arm: Arm.rocket.rawValue, net: Net.booster.name)
        let lightAlone = NetName(arm: Arm.light.rawValue, net: light.net)
        let boosterAlone = NetName(arm: Arm.booster.rawValue, net: Net.booster.name)
        let regression = NetName(arm: LogisticRegression.name, net: LogisticRegression.name)
        let pairs: [(kind: ModelComparison.Kind, NetName, minus: NetName)] = [
            (.lightMinusLive, light, NetName(arm: LiveModel.arm, net: live?.served ?? light.net)),
            (.lightMinusBooster, light, booster), (.lightMinusLightAlone, light, lightAlone),
            (.boosterMinusBoosterAlone, booster, boosterAlone), (.lightMinusLogisticRegression, light, regression),
            (.boosterAloneMinusLightAlone, boosterAlone, lightAlone),
        ]
        var names: [NetName] = []
        for pair in pairs { for name in [pair.1, pair.minus] where !names.contains(name) { names.append(name) } }
        // After these, so that their draws stay the same.
        let fleet = judged.lights.map { NetName(arm: Arm.rocket.rawValue, net: $0) }
        for name in fleet where !names.contains(name) { names.append(name) }
        let nets = names.compactMap { scored.net($0.net, of: $0.arm) }
        func position(_ name: NetName) -> Int? { nets.firstIndex { $0.arm == name.arm && $0.name == name.net } }
        guard position(light) != nil else { return ([], []) }
        let confidence = jobFile.promotion.confidence
        let bootstrap = try bootstrap(scored, nets)
        var comparisons: [ModelComparison] = []
        for (kind, first, second) in pairs {
            guard let first = position(first), let second = position(second) else { continue }
            let version = kind == .lightMinusLive ? live?.version : nil
            if let auc = bootstrap.comparison(confidence: confidence, { $0[first] - $0[second] }) {
                comparisons.append(ModelComparison(kind, .auc, liveVersion: version, auc))
            }
            if let loss = try bootstrap.logLossDifference(first, minus: second, confidence: confidence) {
                comparisons.append(ModelComparison(kind, .logLoss, liveVersion: version, loss))
            }
        }
        // A share of a gap that may as well be none says nothing.
        let gap = comparisons.first { $0.kind == .boosterAloneMinusLightAlone && $0.metric == .auc }?.figures
        if let gap, gap.estimate > 0, gap.isClear, let light = position(light), let alone = position(lightAlone),
            let booster = position(boosterAlone)
        {
            let closed = bootstrap.comparison(confidence: confidence) { aucs in
                aucs[booster] > aucs[alone] ? (aucs[light] - aucs[alone]) / (aucs[booster] - aucs[alone]) : nil
            }
            if let closed { comparisons.append(ModelComparison(.gapClosed, .auc, closed)) }
        }
        var neighbours: [NetComparison] = []
        for (smaller, larger) in zip(fleet, fleet.dropFirst()) {
            guard let first = position(larger), let second = position(smaller) else { continue }
            if let auc = bootstrap.comparison(confidence: confidence, { $0[first] - $0[second] }) {
                neighbours.append(NetComparison(larger.net, minus: smaller.net, .auc, auc))
            }
            if let loss = try bootstrap.logLossDifference(first, minus: second, confidence: confidence) {
                neighbours.append(NetComparison(larger.net, minus: smaller.net, .logLoss, loss))
            }
        }
        return (comparisons, neighbours)
    }

    private func bootstrap(_ scored: ScoredDay, _ nets: [ScoredDay.Net]) throws -> PairedBootstrap {
        try recorder.progress(
            StageProgress(title: "bootstrap", done: jobFile.promotion.replicates, total: nil, unit: "draws of users"))
        return try PairedBootstrap(
            scores: nets.map(\.probabilities), labels: scored.labels, clusters: scored.groups,
            replicates: jobFile.promotion.replicates, seed: jobFile.training.seed,
            threads: Parallel(threads: jobFile.training.machine.threadCount),
            space: scored.space)
    }
}

/// A net by how it was trained and which it is.
private struct NetName: Hashable {
    let arm: String
    let net: String
}

import ArgumentParser
import Days
import Foundation
import Night
import Reports
import Runs

/// Prints what a run made and leaves with its exit code.
///
/// - Parameter guiding: Whether a version that has gone live is followed by what a person may want to do with it.
func finish(
    _ outcome: RunOutcome, of job: OpenJob, day: Day? = nil, form: OutputForm, guiding: Bool = false, database: String?
) throws {
    let reports = try outcome.version.map { version in
        try job.patiently { try ReportReader(database: database).reports(version: version) }
    }
    let report = reports?.first { day == nil || $0.evaluatedDay == day }
    let status = outcome.didWork ? "done" : "nothing_to_do"
    switch form {
    case .json: try printJSON(RunResult(status: status, report: report, gate: outcome.decision))
    case .csv:
        printCSV(
            [report].compactMap(\.self), CSVColumn<ModelReport>.reports + [CSVColumn("status") { _ in status }])
    case .text:
        if let report { print(reportText(report)) }
        if !outcome.didWork { print("nothing to do: this version was made before from the same settings and data") }
        if let decision = outcome.decision, let version = outcome.version {
            printUnchanged(gateText(decision, version: version))
            if guiding, let report, decision.verdict != .held { printUnchanged(nextSteps(after: report)) }
        }
    }
    if outcome.exitStatus != .done { throw ExitCode(outcome.exitStatus.rawValue) }
}

/// What a person may want to do with a version that has just gone live.
private func nextSteps(after report: ModelReport) -> String {
    """

    Next, its report page and its files for a server:
      rocket report --model \(report.model) --html \(report.model).html
      rocket models pull live --model \(report.model) --to models
    """
}

/// A report's keys and `status` in one object.
private struct RunResult: Encodable {
    let status: String
    let report: ModelReport?
    let gate: GateDecision?

    private enum Keys: String, CodingKey { case status, gate }

    func encode(to encoder: any Encoder) throws {
        try report?.encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(status, forKey: .status)
        try container.encodeIfPresent(gate, forKey: .gate)
    }
}

/// Prints a value as JSON with sorted keys; nil values are left out.
func printJSON(_ value: some Encodable) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    printUnchanged(String(decoding: try encoder.encode(value), as: UTF8.self))
}

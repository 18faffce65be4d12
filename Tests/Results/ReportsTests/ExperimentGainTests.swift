import Postgres
import Reports
import TestSupport
import Testing

@Suite("Gains of an experiment")
struct ExperimentGainTests {
    /// Results as `rocket experiment` writes them, and what is read back of them.
    static func lines(_ aucs: [(arm: String, net: String, aucs: [Double])]) throws -> [ExperimentLine] {
        var lines: [ExperimentLine] = []
        try TestDatabase.run { url in
            let connection = try TestDatabase.connect(url)
            for (arm, net, aucs) in aucs {
                for (seed, auc) in aucs.enumerated() {
                    try connection.execute(
                        """
                        INSERT INTO rocket.experiment_results (fingerprint, arm, net, seed, model, trained_from,
                            trained_to, evaluated_day, auc, log_loss, steps, seconds, job_file, program_version)
                        VALUES ('f', $1, $2, $3, 'm', '2026-01-01', '2026-01-02', '2026-01-03', $4, $5, 1, 1, '', '')
                        """, [.text(arm), .text(net), .text("\(seed)"), .double(auc), .double(0.5 - auc / 10)])
                }
            }
            lines = try ReportReader(database: url).experiment(fingerprint: "f")
        }
        return lines
    }

    @Test("The gain is paired by seed, and the share of the gap has Fieller's interval, both as scipy has them")
    func reference() throws {
        let lines = try Self.lines([
            ("light", "light", [0.7401, 0.7412, 0.7395, 0.7407, 0.7399]),
            ("booster", "booster", [0.7450, 0.7455, 0.7441, 0.7462, 0.7443]),
            ("rocket", "light", [0.7431, 0.7440, 0.7418, 0.7437, 0.7420]),
            ("logistic_regression", "logistic_regression", [0.73, 0.73, 0.73, 0.73, 0.73]),
        ])
        #expect(lines.map(\.arm) == ["logistic_regression", "booster", "light", "rocket"])
        let rocket = try #require(lines.last)
        #expect(try abs(#require(rocket.gain?.auc) - 0.00264) < 1e-12)
        #expect(try abs(#require(rocket.gain?.aucStandardError) - 0.00018601075237738852) < 1e-12)
        #expect(try abs(#require(rocket.gain?.logLoss) + 0.000264) < 1e-12)
        #expect(try abs(#require(rocket.gapClosed) - 0.5569620253164566) < 1e-9)
        // Of Student's t the view has three decimals.
        #expect(try abs(#require(rocket.gapClosedLow) - 0.4705428167948198) < 1e-4)
        #expect(try abs(#require(rocket.gapClosedHigh) - 0.6443257469736426) < 1e-4)
        #expect(try abs(#require(rocket.overLogisticRegression?.auc) - 0.01292) < 1e-12)
        #expect(rocket.gapClosedNote == nil)
        #expect(
            rocket.gains == [
                "light in rocket: better than alone by 0.0026 ± 0.0002 AUC (log loss −0.0003 ± 0.0000)",
                "light in rocket: better than logistic regression by 0.0129 ± 0.0004 AUC (log loss −0.0013 ± 0.0000)",
            ])
        #expect(lines[0].gain == nil && lines[0].gapClosed == nil)
    }

    @Test("Where the gap is inside its own error there is no share of it, but the reason")
    func noGap() throws {
        let lines = try Self.lines([
            ("light", "light", [0.7401, 0.7412, 0.7405]), ("booster", "booster", [0.7410, 0.7405, 0.7409]),
            ("rocket", "light", [0.7431, 0.7440, 0.7420]),
        ])
        for line in lines {
            #expect(line.gapClosed == nil && line.gapClosedLow == nil)
            #expect(line.gapClosedNote == "the gap is inside its own error: 0.0002 ± 0.0005")
        }
        #expect(lines[2].gain?.auc != nil)
    }

    @Test("A booster that is clearly worse alone than the light net leaves no gap, and one seed tells no error")
    func worse() throws {
        let worse = try Self.lines([
            ("light", "light", [0.7401, 0.7402, 0.7403]), ("booster", "booster", [0.7301, 0.7303, 0.7304]),
        ])
        #expect(
            worse.allSatisfy {
                $0.gapClosed == nil
                    && $0.gapClosedNote
                        == "there is no gap: the booster alone is worse than the light net alone, by 0.0099 ± 0.0000"
            })
        let one = try Self.lines([
            ("light", "light", [0.74]), ("booster", "booster", [0.75]), ("rocket", "light", [0.745]),
        ])
        #expect(one.allSatisfy { $0.gapClosed == nil && $0.gapClosedNote == "one seed tells no error of the gap" })
        #expect(
            one.last?.gains == ["light in rocket: against alone, with no error known: +0.0050 AUC (log loss −0.0005)"])
    }
}

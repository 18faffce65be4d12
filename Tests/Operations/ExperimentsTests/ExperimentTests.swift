import Experiments
import Foundation
import Night
import OperationsSupport
import Postgres
import Reports
import RocketLaunching
import TestSupport
import Testing

@Suite struct ExperimentTests {
    @Test("Each arm is trained once a seed, what is there is not done again, and the report's means are SQL's")
    func experiment() throws {
        try TestJob.withJob { url, job in
            let day = try TestJob.day("2026-01-07")
            func run(_ arms: [Arm], seeds: Int) throws -> (fingerprint: String, trained: Int) {
                try TestJob.session(url, job).experiment(day: day, arms: arms.map { .nets($0) }, seeds: seeds)
            }
            let arms: [Arm] = [.light, .booster, .rocket, .distillation]
            let first = try run(arms, seeds: 1)
            #expect(first.trained == 4)
            let both = try run(arms, seeds: 2)
            #expect(both.trained == 4 && both.fingerprint == first.fingerprint)
            #expect(try run(arms, seeds: 2).trained == 0)

            let connection = try TestDatabase.connect(url)
            let distilled = "SELECT auc FROM rocket.experiment_results WHERE arm = 'distillation' AND seed = '2'"
            let before = try connection.execute(distilled).first?.double("auc")
            try connection.script("DELETE FROM rocket.experiment_results WHERE arm = 'distillation' AND seed = '2'")
            // Its teacher is trained again for it, and not written again.
            #expect(try run(arms, seeds: 2).trained == 1)
            #expect(try connection.execute(distilled).first?.double("auc") == before)

            let lines = try ReportReader(database: url).experiment(fingerprint: first.fingerprint)
            #expect(lines.map(\.arm) == ["booster", "light", "rocket", "rocket", "distillation"])
            #expect(lines.allSatisfy { $0.seeds == 2 && ($0.aucStandardError ?? 0) > 0 && $0.oracleAUC != nil })
            func auc(_ arm: String, _ net: String) -> Double {
                lines.first { $0.arm == arm && $0.net == net }?.auc ?? .nan
            }
            let (light, booster) = (auc("light", "light"), auc("booster", "booster"))
            let rocket = try #require(lines.first { $0.arm == "rocket" && $0.net == "light" })
            #expect(try abs(#require(rocket.gain?.auc) - (auc("rocket", "light") - light)) < 1e-9)
            // One of the two is always there.
            #expect((rocket.gapClosed == nil) == (rocket.gapClosedNote != nil))
            if let gap = rocket.gapClosed {
                #expect(abs(gap - (auc("rocket", "light") - light) / (booster - light)) < 1e-9)
            }
            #expect(try connection.execute("SELECT count(*) AS n FROM rocket.model_versions").first?.int("n") == 0)
        }
    }

    @Test("Each hint loss and λ is an arm of its own of the same experiment, trained with that hint and not again")
    func hints() throws {
        try TestJob.withJob { url, job in
            let day = try TestJob.day("2026-01-07")
            func run(_ losses: [HintLoss], _ weights: [Double]) throws -> (fingerprint: String, trained: Int) {
                try TestJob.session(url, job).experiment(
                    day: day, arms: [.nets(.rocket)], hints: HintVariant.each(losses: losses, weights: weights),
                    seeds: 1)
            }
            let first = try run([], [10, 0.3, 10])
            #expect(first.trained == 3)
            let losses = try run([.logitMSE, .distillation], [])
            #expect(losses.trained == 2 && losses.fingerprint == first.fingerprint)
            let pairs = try run([.logitMSE], [3, 0.3])
            #expect(pairs.trained == 2 && pairs.fingerprint == first.fingerprint)
            #expect(try run([.logitMSE, .distillation], []).trained == 0)

            let lines = try ReportReader(database: url).experiment(fingerprint: first.fingerprint)
                .filter { $0.net == "light" }
            #expect(
                lines.map(\.arm) == [
                    "rocket", "rocket λ=0.3", "rocket λ=10", "rocket distillation", "rocket logit_mse",
                    "rocket logit_mse λ=0.3", "rocket logit_mse λ=3",
                ])
            // The job file's own hint is distillation with λ = 3: by another name the same, by another hint another
            // net.
            let logLoss = Dictionary(uniqueKeysWithValues: lines.map { ($0.arm, $0.logLoss) })
            #expect(logLoss["rocket"] == logLoss["rocket distillation"])
            #expect(logLoss["rocket logit_mse"] == logLoss["rocket logit_mse λ=3"])
            #expect(Set(logLoss.values).count == 5)
        }
    }

    @Test("The command prints the table, and leaves with code 3 when nothing was missing")
    func command() throws {
        try TestJob.withJob { url, job in
            let arguments = [
                "experiment", "--job", job, "--day", "2026-01-07", "--seeds", "1", "--arms", "light,rocket",
            ]
            let first = try RocketProgram.rocket(arguments, database: url)
            #expect(first.code == 0 && first.output.contains("rocket") && first.output.contains("true probabilities"))
            let second = try RocketProgram.rocket(arguments + ["--json"], database: url)
            #expect(second.code == 3 && second.output.contains("\"auc_standard_error\"") == false)
            let wrong = try RocketProgram.rocket(
                ["experiment", "--job", job, "--day", "2026-01-07", "--arms", "lite"], database: url)
            #expect(wrong.code == 64 && wrong.errors.contains("‘lite’ is no arm"))
            for (flag, value) in [("--hint-losses", "mse"), ("--hint-weights", "-1"), ("--hint-weights", "0.3,x")] {
                let wrong = try RocketProgram.rocket(
                    ["experiment", "--job", job, "--day", "2026-01-07", flag, value], database: url)
                #expect(wrong.code == 64 && wrong.errors.contains(flag), "\(wrong.errors)")
            }
        }
    }
}

import Experiments
import Foundation
import Night
import OperationsSupport
import Postgres
import TestSupport
import Testing

@Suite struct EpochChoiceTests {
    static func auto(_ text: String) -> String {
        text.replacing("training: {", with: "rocket: {teacher: finished}\ntraining: {epochs: auto, ")
            .replacing("  baselines: [light, booster]\n", with: "")
    }

    static func choices(_ url: String) throws -> [(training: String, epochs: Double, origin: String)] {
        try TestDatabase.connect(url).execute(
            "SELECT training, epochs, origin FROM rocket.epoch_choices ORDER BY trained_to, training"
        ).map { (try $0.text("training"), try $0.double("epochs"), try $0.text("origin")) }
    }

    static func weights(_ url: String, version: Int?) throws -> String? {
        try TestDatabase.connect(url).execute(
            "SELECT sha256 FROM rocket.artifacts WHERE version = $1 AND name = 'model.safetensors'",
            [.int(try #require(version))]
        ).first?.text("sha256")
    }

    @Test(
        "The number that auto finds, written by hand, gives the same bytes of weights",
        arguments: ["finished", "joint"])
    func writtenByHand(_ teacher: String) throws {
        let change = { (text: String) in Self.auto(text).replacing("teacher: finished", with: "teacher: \(teacher)") }
        try TestJob.withJob(change: change) { url, job in
            let moment = AsOf.instant("2026-01-08 01:00+00")
            let found = try TestJob.session(url, job).nightly(asOf: moment)
            let choices = try Self.choices(url)
            #expect(choices.map(\.training) == (teacher == "finished" ? ["booster", "rocket"] : ["rocket"]))
            #expect(choices.allSatisfy { $0.origin == "searched" && $0.epochs >= 1 })
            let booster = choices.first { $0.training == "booster" }.map { ", booster_epochs: \($0.epochs)" } ?? ""
            let light = try #require(choices.last).epochs
            let other = job.replacing("job.yaml", with: "other.yaml")
            try String(contentsOfFile: job, encoding: .utf8)
                .replacing("epochs: auto", with: "epochs: \(light)\(booster)")
                .write(toFile: other, atomically: true, encoding: .utf8)
            let written = try TestJob.session(url, other).nightly(asOf: moment)
            #expect(written.version != found.version)
            #expect(try Self.weights(url, version: written.version) == Self.weights(url, version: found.version))
            let stored = try TestDatabase.connect(url).execute(
                "SELECT (training->'rocket'->'epochs'->>'epochs')::double precision AS epochs FROM rocket.model_versions"
            ).map { try $0.double("epochs") }
            #expect(stored == [light, light])
            #expect(try !TestJob.session(url, job).nightly(asOf: moment).didWork)
        }
    }

    @Test(
        "The booster of a rocket that leaves it alone counts as trained alone, with what a training of its own gives",
        arguments: ["epochs: 2", "epochs: auto"])
    func launchedBooster(_ epochs: String) throws {
        let change = { (text: String) in
            text.replacing("training: {", with: "training: {\(epochs), ")
                .replacing("baselines: [light, booster]", with: "baselines: [booster]")
        }
        try TestJob.withJob(change: change) { url, job in
            let session = try TestJob.session(url, job)
            _ = try session.nightly(asOf: .instant("2026-01-08 01:00+00"))
            _ = try session.experiment(day: TestJob.day("2026-01-07"), arms: [.nets(.booster)], seeds: 1)
            let connection = try TestDatabase.connect(url)
            let row = try #require(
                try connection.execute(
                    """
                    SELECT n.auc = x.auc AND n.log_loss = x.log_loss AS equal, x.seconds > 0 AS took_time,
                           (v.training->'booster'->>'steps')::bigint = x.steps AS same_steps,
                           (v.training->'booster'->>'seconds')::double precision AS seconds,
                           v.training->'rocket'->'epochs'->'epochs' = v.training->'booster'->'epochs'->'epochs'
                               AS same_epochs
                    FROM rocket.model_versions v
                    JOIN rocket.evaluation_reports n ON n.version = v.version AND n.arm = 'booster'
                    CROSS JOIN rocket.experiment_results x
                    WHERE x.net = 'booster'
                    """
                ).first)
            #expect(try row.bool("equal") && row.bool("same_steps") && row.bool("took_time"))
            #expect(try row.double("seconds") == 0 || !row.bool("same_epochs"))
            if epochs == "epochs: 2" { #expect(try row.bool("same_epochs")) }
            let choices = try connection.execute(
                "SELECT choice::text AS choice FROM rocket.epoch_choices WHERE training = 'booster'"
            ).map { try $0.text("choice") }
            #expect(choices.count == (epochs == "epochs: auto" ? 2 : 0) && Set(choices).count <= 1)
            guard epochs == "epochs: auto" else { return }
            let searched = try #require(
                try connection.execute(
                    """
                    SELECT count(*) FILTER (WHERE s.detail = 'booster') AS searches,
                           (SELECT max(jsonb_array_length(choice->'points')) FILTER (WHERE training = 'booster')
                                <= max(jsonb_array_length(choice->'points')) FILTER (WHERE training = 'rocket')
                            FROM rocket.epoch_choices) AS lasted
                    FROM rocket.run_stages s JOIN rocket.runs r USING (run_id)
                    WHERE s.name = 'search' AND r.command = 'nightly'
                    """
                ).first)
            #expect(try searched.int("searches") == (searched.bool("lasted") ? 0 : 1))
        }
    }

    @Test("A search waits an epoch for a better booster, and two for a light net that it teaches")
    func patience() throws {
        // Step sizes with which little of what is learnt is lost again at once.
        let gentle = { (text: String) in
            Self.auto(text).replacing(
                "batch_size: 128",
                with: "batch_size: 128, embedding_learning_rate: 0.01, light_learning_rate: 0.003")
        }
        try TestJob.withJob(change: gentle) { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let waited = try TestDatabase.connect(url).execute(
                """
                SELECT training, (choice->'points'->-1->>'epochs')::double precision - (
                    SELECT (p->>'epochs')::double precision FROM jsonb_array_elements(choice->'points') p
                    ORDER BY (p->>coalesce(nullif(training, 'rocket'), 'light'))::double precision LIMIT 1) AS epochs
                FROM rocket.epoch_choices
                """
            ).map { (try $0.text("training"), try $0.double("epochs")) }
            let byTraining = Dictionary(uniqueKeysWithValues: waited)
            #expect((byTraining["booster"] ?? 0) >= 1 && (byTraining["rocket"] ?? 0) >= 2)
        }
    }

    @Test("The next nights use the number that was found, and search again where the settings or the rows are others")
    func reused() throws {
        try TestJob.withJob(days: 5, change: Self.auto) { url, job in
            func night(_ day: String) throws -> [String] {
                let connection = try TestDatabase.connect(url)
                let before = try connection.execute("SELECT clock_timestamp()::text AS now").first?.text("now") ?? ""
                _ = try TestJob.session(url, job).nightly(asOf: .instant("\(day) 01:00+00"))
                return try connection.execute(
                    "SELECT origin FROM rocket.epoch_choices WHERE created_at > $1::text::timestamptz", [.text(before)]
                ).map { try $0.text("origin") }
            }
            #expect(try night("2026-01-08") == ["searched", "searched"])
            #expect(try night("2026-01-09") == ["reused", "reused"])
            let found = try Self.choices(url).map(\.epochs)
            #expect(found[..<2] == found[2...])
            try TestDatabase.connect(url).script("UPDATE rocket.epoch_choices SET rows = 2 * rows")
            #expect(try night("2026-01-10") == ["searched", "searched"])
            try String(contentsOfFile: job, encoding: .utf8).replacing("epochs: auto", with: "epochs: auto, seed: 2")
                .write(toFile: job, atomically: true, encoding: .utf8)
            #expect(try night("2026-01-10") == ["searched", "searched"])
        }
    }

    @Test("A search never sees the judged day: other clicks there change neither numbers nor weights")
    func judgedDayUnseen() throws {
        var found: [[Double]] = []
        var weights: [String?] = []
        for flips in [false, true] {
            try TestJob.withJob(change: Self.auto) { url, job in
                if flips {
                    try TestDatabase.connect(url).script(
                        "DELETE FROM ad_log.clicks WHERE clicked_at >= '2026-01-07' AND impression_id IN (SELECT "
                            + "impression_id FROM ad_log.impressions WHERE impressed_at >= '2026-01-07' AND random() < 0.5)"
                    )
                }
                let night = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
                found.append(try Self.choices(url).map(\.epochs))
                weights.append(try Self.weights(url, version: night.version))
            }
        }
        #expect(found[0] == found[1] && weights[0] == weights[1] && weights[0] != nil)
    }

    @Test(
        "Killed in each of its searches and trainings, a night resumes there and ends with an undisturbed one's weights"
    )
    func killed() throws {
        let slow = { (text: String) in
            Self.auto(text).replacing("batch_size: 128}", with: "batch_size: 16, checkpoint_minutes: 0.000001}")
        }
        try TestJob.withJob(change: slow) { url, job in
            let other = job.replacing("job.yaml", with: "killed.yaml")
            try String(contentsOfFile: job, encoding: .utf8).replacing("model: test", with: "model: killed")
                .write(toFile: other, atomically: true, encoding: .utf8)
            func nightly(_ job: String) -> [String] { ["nightly", "--job", job, "--as-of", "2026-01-08T01:00Z"] }
            let undisturbed = try RocketProgram.rocket(nightly(job), database: url)
            #expect([0, 8].contains(undisturbed.code), "\(undisturbed.errors)")
            let found = try Self.choices(url).map(\.epochs)
            // Its numbers would spare the other night, which has the same settings and rows, its searches.
            try TestDatabase.connect(url).script("DELETE FROM rocket.epoch_choices")
            let folder = job.replacing("job.yaml", with: "cache/checkpoints")
            func isSaved(_ training: String) -> Bool {
                (FileManager.default.subpaths(atPath: folder) ?? [])
                    .contains { $0.contains("/\(training)-") && $0.hasSuffix(".safetensors") }
            }
            let trainings = ["booster", "rocket_without_joint_training"].flatMap { ["search_\($0)", $0] }
            var messages = ""
            for training in trainings {
                let process = try RocketProgram.started(nightly(other), database: url)
                while process.isRunning, !isSaved(training) { usleep(500) }
                kill(process.processIdentifier, SIGKILL)
                process.waitUntilExit()
                #expect(process.terminationReason == .uncaughtSignal, "\(training) had ended before")
                let errors = try #require(process.standardError as? Pipe)
                messages += String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            }
            let last = try RocketProgram.rocket(nightly(other), database: url)
            #expect([0, 8].contains(last.code), "\(last.errors)")
            messages += last.errors
            for training in trainings {
                #expect(messages.contains("training \(training) resumes from a checkpoint"), "\(messages)")
            }
            let choices = try Self.choices(url)
            #expect(choices.map(\.epochs) == found && choices.allSatisfy { $0.origin == "searched" })
            let hashes = try TestDatabase.connect(url).execute(
                "SELECT sha256 FROM rocket.artifacts WHERE name = 'model.safetensors'"
            ).map { try $0.text("sha256") }
            #expect(hashes.count == 2 && Set(hashes).count == 1)
        }
    }

    @Test("An experiment finds each arm's number once, and all seeds have it")
    func experiment() throws {
        try TestJob.withJob(change: Self.auto) { url, job in
            let day = try TestJob.day("2026-01-07")
            let arms: [Contender] = [.nets(.light), .nets(.booster), .nets(.rocket)]
            let first = try TestJob.session(url, job).experiment(day: day, arms: arms, seeds: 1)
            #expect(first.trained == 3)
            let choices = try Self.choices(url)
            #expect(choices.map(\.training) == ["booster", "light", "rocket"])
            #expect(try TestJob.session(url, job).experiment(day: day, arms: arms, seeds: 2).trained == 3)
            #expect(try Self.choices(url).count == 3)
            let steps = try TestDatabase.connect(url).execute(
                "SELECT count(DISTINCT steps) AS n FROM rocket.experiment_results GROUP BY arm, net")
            #expect(try steps.allSatisfy { try $0.int("n") == 1 })
        }
    }
}

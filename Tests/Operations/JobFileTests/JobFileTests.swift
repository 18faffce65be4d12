import AdLogs
import Features
import Foundation
import JobFile
import Nets
import RocketLaunching
import TestSupport
import Testing
import Training

@Suite("Job files that are right")
struct JobFileTests {
    @Test("Every key of a complete file reaches its value")
    func completeFile() throws {
        let job = try JobFile(text: completeJob, path: "jobs/x.yaml")
        #expect(job.model == "quickstart")
        #expect(
            job.source
                == LogSource(
                    impressions: .init(table: "ad_log.impressions", id: "impression_id", time: "impressed_at"),
                    clicks: .init(table: "ad_log.clicks", impressionID: "impression_id", time: "clicked_at"),
                    attributionWindow: AttributionWindow(seconds: 1_800), timeZone: "Asia/Shanghai"))
        #expect(
            job.features.features == [
                Feature(name: "user", column: "user_id", kind: .categorical, hashBits: 18),
                Feature(name: "price", column: "price", kind: .numeric, transform: .log1p),
                Feature(name: "interests", column: "interests", kind: .multiValued, hashBits: 10),
            ])
        #expect(job.nets == NetSpecification(embeddingDim: 16, light: [16, 8], booster: [400, 200, 100]))
        #expect(
            job.rocket
                == RocketSpecification(
                    hintLoss: .distillation, hintWeight: 0.5, hintWarmUp: 0.25, temperature: 2,
                    gradientBlock: .logitsAndSharedInput,
                    sharing: .nothing))
        #expect(
            job.training
                == TrainingSpecification(
                    window: .init(days: 14), passes: .init(epochs: 2), batches: .init(size: 2_048, slices: 8),
                    optimisation: Optimisation(
                        dense: .init(learningRate: 0.0001, lightLearningRate: 0.0003, l2: 0.00001),
                        embeddingLearningRate: 0.05), seed: .max, machine: .init(threads: 3)))
        #expect(
            job.evaluation
                == EvaluationSpecification(
                    group: "user_id", trueProbability: "true_click_probability",
                    baselines: [.nets(.light), .nets(.booster), .nets(.distillation), .logisticRegression],
                    latency: LatencySpecification(batchSizes: [1, 200], calls: 500)))
        #expect(job.cacheDirectory == "/var/cache/rocket")
        #expect(job.database == DatabaseSettings(retry: .seconds(90)))
        #expect(job.onFailure == FailureNotice(command: ["page", "--quiet"], webhook: "$HOOK", also: [.held]))
        #expect(job.path == "jobs/x.yaml")
        #expect(job.text == completeJob)
    }

    @Test("Nets, schedules and validation are read as they are written")
    func elaborateFile() throws {
        let job = try JobFile(text: elaborateJob, path: "jobs/x.yaml")
        #expect(
            job.nets
                == NetSpecification(
                    embeddingDim: 8, light: DenseSpecification([32, 8], activation: .prelu),
                    booster: DenseSpecification([32, 16], activation: .prelu, linear: true)))
        #expect(job.features.features[0].embeddingDim == 24 && job.features.features[1].pooling == .mean)
        #expect(job.rocket.sharedLayers == 1)
        #expect(
            job.training
                == TrainingSpecification(
                    validation: .init(share: 0.1, perEpoch: 4, patience: 2),
                    optimisation: Optimisation(
                        dense: .init(optimiser: .adagrad), linear: .init(learningRate: 0.1, l1: 0.01, l2: 0.02),
                        schedule: LearningRateSchedule(warmUp: 0.1, decay: .cosine, decayFrom: 0.3, end: 0.05),
                        gradientClip: 5), denseType: .bf16))
        let other = elaborateJob.replacing(
            "light: {hidden: [32, 8], activation: prelu}",
            with: "light: {hidden: [32, 8], activation: dice, batch_norm: true, dropout: 0.1, cross_layers: 2}"
        ).replacing("rocket: {sharing: embeddings, shared_layers: 1}", with: "rocket: {}")
        #expect(
            try JobFile(text: other, path: "x").nets.light
                == DenseSpecification([32, 8], activation: .dice, batchNorm: true, dropout: 0.1, crossLayers: 2))
    }

    @Test("Epochs are a number, which need not be whole, or auto; what does not go together is named")
    func epochs() throws {
        func job(_ training: String, _ rocket: String = "") throws -> JobFile {
            let section = rocket.isEmpty ? "" : "\nrocket: {\(rocket)}"
            return try JobFile(text: shortestJob + section + "\ntraining: {\(training)}", path: "x")
        }
        #expect(try job("seed: 1").training.passes.epochs == 1 && job("seed: 1").training.passes.search == nil)
        #expect(try job("epochs: 2.5").training.passes.epochs == 2.5)
        #expect(try job("epochs: auto").training.passes.search == EpochSearch())
        #expect(try job("epochs: auto, budget: 2h").training.passes.search?.budget == 7_200)
        let finished = try job("epochs: 3, booster_epochs: 1.5", "teacher: finished")
        #expect(finished.training.passes.boosterEpochs == 1.5 && finished.rocket.teacher == .finished)
        // What an earlier program made is not made again because a key was written out.
        #expect(try job("epochs: 1", "teacher: joint").fingerprintText() == job("seed: 1").fingerprintText())
        #expect(try job("epochs: auto").fingerprintText() != job("epochs: 1").fingerprintText())
        for (training, rocket, message) in [
            ("epochs: 0", "", "training.epochs is 0; expected auto, or a number"),
            ("epochs: automatic", "", "training.epochs is \"automatic\"; expected auto, or a number"),
            ("epochs: 2, budget: 1h", "", "training.budget limits the search"),
            ("epochs: auto, budget: 0s", "", "training.budget: 0s leaves no time"),
            ("epochs: auto, booster_epochs: 2", "teacher: finished", "training.booster_epochs is chosen with"),
            ("epochs: 2, booster_epochs: 2", "", "training.booster_epochs is of a booster that is trained before"),
            ("epochs: auto, validation: {share: 0.1}", "", "training.validation.share holds rows out of the training"),
            ("epochs: auto, start: incremental", "", "training.epochs: auto trains a window from nothing"),
            ("start: incremental", "teacher: finished", "rocket.teacher: finished trains a window from nothing"),
            ("seed: 1", "teacher: finished, sharing: embeddings", "rocket.teacher is finished: a booster that is not"),
        ] {
            let error = #expect(throws: (any Error).self) { try job(training, rocket) }
            #expect(String(describing: error).contains(message), "\(String(describing: error))")
        }
    }

    @Test("A feature may use another's table: it has that one's ids, and mistakes are named")
    func sharedTables() throws {
        let line = "  - {name: price, kind: numeric}"
        func job(_ feature: String) throws -> JobFile {
            try JobFile(text: elaborateJob.replacing(line, with: "  - {\(feature)}"), path: "x")
        }
        let feature = try job("name: liked, kind: categorical, table: user").features.features[2]
        #expect(feature.table == "user" && feature.embeddingDim == 24 && feature.hashBits == 31)
        #expect(FeatureHasher(feature).id("7") == FeatureHasher(name: "user", hashBits: 31).id("7"))
        for (wrong, message) in [
            ("name: liked, kind: categorical, table: usr", "9: features[liked].table: ‘usr’ is not a feature"),
            (
                "name: liked, kind: categorical, table: liked",
                "9: features[liked].table: ‘liked’ has no table of its own"
            ),
            ("name: liked, kind: hour_of_day, table: user", "9: features[liked].table does not fit kind hour_of_day"),
            (
                "name: liked, kind: categorical, table: user, hash_bits: 4",
                "9: features[liked].hash_bits does not go with"
            ),
        ] {
            let error = #expect(throws: (any Error).self) { try job(wrong) }
            #expect(String(describing: error).contains("x:" + message))
        }
        let error = #expect(throws: (any Error).self) {
            try JobFile(
                text: elaborateJob.replacing(line, with: "  - {name: liked, kind: categorical, table: user}")
                    .replacing("embedding_dim: 24", with: "minimum_count: 5"), path: "x")
        }
        #expect(String(describing: error).contains("x:9: features[liked].table: ‘user’ has minimum_count"))
    }

    @Test(
        "Mistakes in nets, shared layers and schedules are named with their lines",
        arguments: [
            ("hidden: [32, 8], activation: prelu", "activation: prelu", "12: nets.light.hidden is missing"),
            (
                "activation: prelu}\n", "activation: gelu}\n",
                "12: nets.light.activation is \"gelu\"; expected one of relu"
            ),
            ("linear: true", "linear: yes", "13: nets.booster.linear is the boolean yes; expected true or false"),
            ("linear: true", "dropout: 1", "13: nets.booster.dropout is 1; expected a number from 0 to below 1"),
            (
                "hidden: [32, 16]", "hidden: [16, 32]",
                "14: rocket.shared_layers is 1, but the first 1 hidden layers of light and booster differ"
            ),
            ("linear: true", "batch_norm: true", "14: rocket.shared_layers is 1, but a net has batch_norm"),
            ("linear: true", "cross_layers: 1", "14: rocket.shared_layers is 1, but a net has cross_layers"),
            ("sharing: embeddings", "sharing: nothing", "14: rocket.shared_layers is 1, but sharing is"),
            ("decay: cosine", "decay: cosin", "20: training.schedule.decay is \"cosin\"; expected one of constant"),
            ("share: 0.1", "share: 1", "16: training.validation.share is 1; expected a number from 0 to below 1"),
            (
                "  validation:", "  start: incremental\n  validation:",
                "15: training.validation.share keeps each net at its own best point"
            ),
            (
                "validation: {share: 0.1, per_epoch: 4, patience: 2}",
                "start: incremental\nevaluation: {baselines: [light]}\nx:",
                "17: evaluation.baselines are trained from nothing"
            ),
            ("pooling: mean", "pooling: max", "8: features[interests].pooling is \"max\"; expected one of sum, mean"),
            ("kind: numeric", "kind: numeric, embedding_dim: 4", "9: features[price].embedding_dim does not fit kind"),
        ])
    func elaborateMistakes(_ old: String, _ new: String, _ message: String) {
        let error = #expect(throws: JobFileError.self) {
            try JobFile(text: elaborateJob.replacing(old, with: new), path: "x")
        }
        #expect("\(String(describing: error))".contains("x:" + message), "\(String(describing: error))")
    }

    @Test(
        "Memory is a number with a unit",
        arguments: [("512MB", 512_000_000), ("2GB", 2_000_000_000), ("1 GiB", 1 << 30), ("64KiB", 65_536)])
    func embeddingMemory(_ text: String, _ bytes: Int) throws {
        let job = shortestJob.replacing("embedding_dim: 4", with: "embedding_dim: 4, embedding_memory: \(text)")
        #expect(try JobFile(text: job, path: "x").nets.embeddingMemory == bytes)
        for wrong in ["512", "GB", "2TB", "-1GB", "1.5GB", "9999999999GB", "0MB"] {
            let job = shortestJob.replacing("embedding_dim: 4", with: "embedding_dim: 4, embedding_memory: \(wrong)")
            #expect(throws: JobFileError.self) { try JobFile(text: job, path: "x") }
        }
    }

    @Test("Optional keys that are absent have their defaults")
    func defaults() throws {
        let job = try JobFile(text: shortestJob, path: "jobs/x.yaml")
        #expect(job.source.timeZone == "UTC")
        #expect(
            job.features.features == [Feature(name: "user_id", column: "user_id", kind: .categorical, hashBits: 31)])
        #expect(job.nets.embeddingMemory == nil && NetSpecification.usualEmbeddingMemory == 1_000_000_000)
        #expect(job.rocket == RocketSpecification())
        #expect(job.training == TrainingSpecification())
        #expect(job.evaluation == EvaluationSpecification())
        #expect(job.cacheDirectory == ".rocket/cache")
        #expect(job.database == DatabaseSettings(retry: .seconds(300)))
        #expect(job.onFailure == nil)
    }

    @Test("A relative folder of the cache is one beside the job file, wherever the program runs")
    func cacheFolder() throws {
        try withTemporaryFolder { folder in
            let path = "\(folder)/x.yaml"
            for (line, expected) in [
                ("", "\(folder)/.rocket/cache"), ("cache: {directory: ../c}", "\(folder)/../c"),
                ("cache: {directory: /srv/c}", "/srv/c"),
            ] {
                try "\(shortestJob)\n\(line)\n".write(toFile: path, atomically: true, encoding: .utf8)
                let found = try JobFile(path: path).cacheDirectory
                #expect(found == URL(fileURLWithPath: expected).standardizedFileURL.path)
            }
        }
    }

    @Test("An alias stands for the value of its anchor")
    func alias() throws {
        let job = try JobFile(
            text: shortestJob.replacing("light: [8], booster: [32]", with: "light: &w [8], booster: *w"), path: "x")
        #expect(job.nets.booster == [8])
    }

    @Test(
        "Windows line ends, a byte order mark and a document's dashes are read like a plain file",
        arguments: [
            shortestJob.replacing("\n", with: "\r\n"), "\u{FEFF}" + shortestJob, "---\n" + shortestJob + "\n...\n",
        ])
    func otherSpellings(text: String) throws {
        #expect(try JobFile(text: text, path: "x").nets == NetSpecification(embeddingDim: 4, light: [8], booster: [32]))
    }

    @Test(
        "A window in any unit is read in seconds",
        arguments: [
            ("90s", 90), ("45m", 2_700), ("24h", 86_400), ("365d", 31_536_000), ("\"1h\"", 3_600),
        ])
    func window(written: String, seconds: Int) throws {
        let text = shortestJob.replacing("attribution_window: 1d", with: "attribution_window: \(written)")
        #expect(try JobFile(text: text, path: "x").source.attributionWindow.seconds == seconds)
    }

    @Test("The example in jobs/ is valid")
    func quickstart() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let job = try JobFile(path: root.appendingPathComponent("jobs/quickstart.yaml").path)
        #expect(job.model == "quickstart")
        #expect(job.features.fields.count > 10 && job.features.numerics.count >= 1)
    }
}

@Suite("Canonical texts of a job")
struct JobFileCanonicalTests {
    private func job(_ text: String) throws -> JobFile { try JobFile(text: text, path: "x") }

    @Test("Comments, order of keys and explicit defaults change neither canonical text")
    func spelling() throws {
        let respelt = """
            # another order, other styles
            nets: {booster: [32], light: [8], embedding_dim: 4}
            training: {threads: 7, epochs: 1}
            cache: {directory: elsewhere}
            features:
              - kind: "categorical"
                name: user_id   # the user
            source:
              attribution_window: 24h
              time_zone: UTC
              clicks: {time: at, impression_id: id, table: clicked}
              impressions: {time: at, id: id, table: shown}
            evaluation: {latency: {calls: 100}, baselines: [light]}
            model: tiny
            """
        #expect(try job(respelt).fingerprintText() == job(shortestJob).fingerprintText())
        #expect(try job(respelt).extractionText() == job(shortestJob).extractionText())
    }

    @Test("The fingerprint is canonical JSON of what the weights depend on")
    func fingerprint() throws {
        #expect(
            try job(shortestJob).extractionText() == """
                {"features":{"features":[{"column":"user_id","hashBits":31,"kind":"categorical","name":"user_id",\
                "transform":"identity"}]},"shards":4,"source":{"attributionWindow":{"seconds":86400},"clicks":{"impressionID":"id",\
                "table":"clicked","time":"at"},"impressions":{"id":"id","table":"shown","time":"at"},"timeZone":"UTC"}}
                """)
        let text = try job(completeJob).fingerprintText()
        #expect(text.contains(#""seed":18446744073709551615"#))
        #expect(!text.contains("threads") && !text.contains("/var/cache") && !text.contains("latency"))
    }

    @Test(
        "A change that matters to the weights changes the fingerprint",
        arguments: [
            ("hint_weight: 0.5", "hint_weight: 0.6"), ("seed: 18446744073709551615", "seed: 2"),
            ("slices: 8", "slices: 4"),
            ("light: [16, 8]", "light: [16, 9]"), ("hash_bits: 10", "hash_bits: 11"), ("30m", "31m"),
            ("window_days: 14", "window_days: 13"),
        ])
    func meaningfulChange(old: String, new: String) throws {
        #expect(try job(completeJob.replacing(old, with: new)).fingerprintText() != job(completeJob).fingerprintText())
    }

    @Test(
        "How a run behaves, and whom it tells, changes neither canonical text",
        arguments: [
            ("database: {retry: 90s}", "database: {retry: 0s}"),
            ("webhook: $HOOK", "webhook: \"https://hooks.example.com/x\""),
        ])
    func behaviour(old: String, new: String) throws {
        let changed = completeJob.replacing(old, with: new)
        #expect(changed != completeJob)
        #expect(try job(changed).fingerprintText() == job(completeJob).fingerprintText())
        #expect(try job(changed).extractionText() == job(completeJob).extractionText())
    }

    @Test("The extraction depends on the cached columns and not on the nets")
    func extraction() throws {
        let base = try job(completeJob).extractionText()
        #expect(try job(completeJob.replacing("group: user_id", with: "group: city")).extractionText() != base)
        #expect(try job(completeJob.replacing("true_click_probability", with: "truth")).extractionText() != base)
        #expect(try job(completeJob.replacing("light: [16, 8]", with: "light: [4]")).extractionText() == base)
        #expect(try job(completeJob.replacing("epochs: 2", with: "epochs: 1")).extractionText() == base)
    }
}

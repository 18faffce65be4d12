import Features
import Instructions
import Nets
import RocketLaunching
import Training

// The keys of the file, in its order. To add one, add its line here.
extension JobFile {
    mutating func read(_ file: Section) {
        file.require("model", .modelName, into: &model)
        file.requireSection("source") { readSource($0) }
        readFeatures(file)
        file.requireSection("nets") { readNets($0) }
        file.section("rocket") { readRocket($0) }
        file.section("training") { readTraining($0) }
        file.section("evaluation") { readEvaluation($0) }
        if training.window.start == .incremental { checkIncremental(file) }
        file.section("promotion") { readPromotion($0) }
        readServe(file)
        file.section("extraction") { readExtraction($0) }
        file.section("cache") {
            $0.read("directory", .directory, into: &cacheDirectory)
            $0.read("retention_days", .integer(1...36_500), into: &cacheRetentionDays)
        }
        file.section("database") { $0.read("retry", .patience, into: &database.retry) }
        file.section("on_failure") { readOnFailure($0) }
    }

    private mutating func readExtraction(_ section: Section) {
        section.read("shards", .integer(1...1_024), into: &extraction.shards)
        section.read("workers", .integer(1...64), into: &extraction.workers)
        section.read("rejected_share", .zeroOrMore, into: &extraction.rejectedShare)
        section.read("rejected_rows", .integer(0...1_000_000), into: &extraction.rejectedRows)
    }

    private mutating func readOnFailure(_ section: Section) {
        var notice = FailureNotice()
        section.read("command", listOf: .argument, into: &notice.command)
        section.read("webhook", .webhook, into: &notice.webhook)
        section.read("also", listOf: .oneOf(FailureNotice.Occasion.allCases), .refused, into: &notice.also)
        if !section.has("command"), !section.has("webhook") {
            section.problems.add(
                line: section.line, "\(section.path) tells nobody; expected a command, a webhook or both")
        }
        onFailure = notice
    }

    private mutating func readRocket(_ section: Section) {
        section.read("hint_loss", .oneOf(HintLoss.allCases), into: &rocket.hintLoss)
        section.read("hint_weight", .zeroOrMore, into: &rocket.hintWeight)
        section.read("hint_warm_up", .share, into: &rocket.hintWarmUp)
        section.read("temperature", .positive, into: &rocket.temperature)
        section.read("gradient_block", .oneOf(GradientBlock.allCases), into: &rocket.gradientBlock)
        section.read("sharing", .oneOf(Sharing.allCases), into: &rocket.sharing)
        section.read("shared_layers", .integer(0...16), into: &rocket.sharedLayers)
        section.read("teacher", .oneOf(Teacher.allCases), into: &rocket.teacher)
        if rocket.teacher == .finished, rocket.sharing == .embeddings {
            section.problems.add(
                line: section.line(of: "teacher"),
                "rocket.teacher is finished: a booster that is not trained any more can share nothing with a light net in training; "
                    + "write another sharing, or teacher: joint")
        }
        // The default, by whatever words, is one setting.
        if rocket.teacher == .joint { rocket.teacher = nil }
        checkSharing(section)
        checkSharedLayers(section)
    }

    private mutating func readTraining(_ section: Section) {
        section.read("window_days", .integer(1...3_650), into: &training.window.days)
        section.read("start", .oneOf(TrainingStart.allCases), into: &training.window.start)
        section.read("batch_size", .integer(1...1_048_576), into: &training.batches.size)
        readEpochs(section)
        section.section("validation") {
            $0.read("share", .shareBelowOne, into: &training.validation.share)
            $0.read("per_epoch", .integer(1...1_000), into: &training.validation.perEpoch)
            $0.read("patience", .integer(1...1_000), into: &training.validation.patience)
        }
        checkSearch(section)
        section.read("negative_share", .positiveShare, into: &training.batches.negativeShare)
        section.read("dtype", .oneOf(DenseType.allCases), into: &training.denseType)
        section.read("instruction_set", .oneOf(InstructionSet.allCases), into: &training.instructionSet)
        if training.denseType == .bf16, let set = training.instructionSet {
            section.problems.add(
                line: section.line(of: "instruction_set"),
                "training.instruction_set: \(set.rawValue) has no instructions for training.dtype: bf16; write dtype: f32, or "
                    + "remove instruction_set")
        }
        section.read("dense_optimiser", .oneOf(DenseMethod.allCases), into: &training.optimisation.dense.optimiser)
        section.read("dense_learning_rate", .positive, into: &training.optimisation.dense.learningRate)
        section.read("light_learning_rate", .positive, into: &training.optimisation.dense.lightLearningRate)
        section.read("embedding_learning_rate", .positive, into: &training.optimisation.embeddingLearningRate)
        section.section("linear") {
            $0.read("learning_rate", .positive, into: &training.optimisation.linear.learningRate)
            $0.read("l1", .zeroOrMore, into: &training.optimisation.linear.l1)
            $0.read("l2", .zeroOrMore, into: &training.optimisation.linear.l2)
        }
        section.section("schedule") {
            $0.read("warm_up", .share, into: &training.optimisation.schedule.warmUp)
            $0.read("decay", .oneOf(LearningRateSchedule.Decay.allCases), into: &training.optimisation.schedule.decay)
            $0.read("decay_from", .shareBelowOne, into: &training.optimisation.schedule.decayFrom)
            $0.read("end", .positiveShare, into: &training.optimisation.schedule.end)
        }
        section.read("gradient_clip", .positive, into: &training.optimisation.gradientClip)
        section.read("l2", .zeroOrMore, into: &training.optimisation.dense.l2)
        section.read("seed", .seed, into: &training.seed)
        section.read("slices", .integer(1...256), into: &training.batches.slices)
        section.read("shares", .integer(1...4_096), into: &training.batches.shares)
        if let shares = training.batches.shares, shares > training.batches.size {
            section.problems.add(
                line: section.line(of: "shares"),
                "training.shares: \(shares) is more than training.batch_size, \(training.batches.size): every batch takes rows of "
                    + "every share; write a smaller number")
        }
        section.read("rank_timeout", .patience, into: &training.machine.rankTimeout)
        if training.machine.rankTimeout == .zero {
            section.problems.add(
                line: section.line(of: "rank_timeout"),
                "training.rank_timeout: 0s gives no rank the time to answer; write 60s, or leave it out")
        }
        section.read("threads", .integer(1...1_024), into: &training.machine.threads)
        section.read("checkpoint_minutes", .positive, into: &training.machine.checkpointMinutes)
    }

    private mutating func readEpochs(_ section: Section) {
        var epochs = Epochs.number(training.passes.epochs)
        section.read("epochs", .epochs, into: &epochs)
        switch epochs {
        case .auto: training.passes.search = EpochSearch()
        case .number(let number): training.passes.epochs = number
        }
        section.read("booster_epochs", .numberOfEpochs, into: &training.passes.boosterEpochs)
        var budget: Duration?
        section.read("budget", .patience, into: &budget)
        training.passes.search?.budget = budget.map { $0 / .seconds(1) }
        if training.passes.search == nil, section.has("budget") {
            section.problems.add(
                line: section.line(of: "budget"),
                "training.budget limits the search for the number of epochs, but training.epochs is a number; write epochs: "
                    + "auto, or remove the budget")
        }
        if budget == .zero {
            section.problems.add(
                line: section.line(of: "budget"),
                "training.budget: 0s leaves no time to train; write 2h, or leave it out")
        }
        if training.passes.search != nil, section.has("booster_epochs") {
            section.problems.add(
                line: section.line(of: "booster_epochs"),
                "training.booster_epochs is chosen with epochs: auto; write both as numbers, or remove booster_epochs")
        }
        if training.passes.boosterEpochs != nil, rocket.teacher != .finished {
            section.problems.add(
                line: section.line(of: "booster_epochs"),
                "training.booster_epochs is of a booster that is trained before the light net; write rocket: {teacher: "
                    + "finished}, or remove it")
        }
    }

    /// What a search for the number of epochs cannot have.
    private func checkSearch(_ section: Section) {
        guard training.passes.search != nil, training.validation.share > 0 else { return }
        section.problems.add(
            line: section.line(of: "validation"),
            "training.validation.share holds rows out of the training itself, while epochs: auto holds them out of a search "
                + "before it and then trains on all; remove one of the two")
    }

    /// What a training that continues the previous version cannot have.
    private func checkIncremental(_ file: Section) {
        if !evaluation.baselines.isEmpty {
            file.problems.add(
                line: file.line(of: "evaluation"),
                "evaluation.baselines are trained from nothing and would see fewer days than a model whose training.start "
                    + "is incremental; remove them, or write start: window")
        }
        for (isSet, key) in [
            (training.passes.search != nil, "training.epochs: auto"),
            (rocket.teacher == .finished, "rocket.teacher: finished"),
        ] where isSet {
            file.problems.add(
                line: file.line(of: "training"),
                "\(key) trains a window from nothing, from which training.start: incremental cannot resume; write "
                    + (key.hasPrefix("training") ? "a number of epochs" : "teacher: joint") + ", or start: window")
        }
        if training.validation.share > 0 {
            file.problems.add(
                line: file.line(of: "training"),
                "training.validation.share keeps each net at its own best point, from which training.start: incremental "
                    + "cannot resume; remove one of the two")
        }
    }

    private mutating func readPromotion(_ section: Section) {
        section.read("margin", .share, into: &promotion.margin)
        section.read("confidence", .confidence, into: &promotion.confidence)
        section.read("replicates", .integer(100...100_000), into: &promotion.replicates)
        section.read("lowest_pcoc", .zeroOrMore, into: &promotion.lowestPCOC)
        section.read("highest_pcoc", .positive, into: &promotion.highestPCOC)
        section.read("highest_p99_us", .positive, into: &promotion.highestP99Microseconds)
        section.read("least_clicks", .integer(0...1_000_000_000), into: &promotion.leastClicks)
        section.read("least_coverage", .share, into: &promotion.leastCoverage)
        section.read("beat_logistic_regression", .boolean, into: &promotion.beatsLogisticRegression)
        if promotion.beatsLogisticRegression, !evaluation.baselines.contains(.logisticRegression) {
            section.problems.add(
                line: section.line(of: "beat_logistic_regression"),
                "promotion.beat_logistic_regression: there is nothing to beat, so no model could pass; add logistic_regression "
                    + "to evaluation.baselines")
        }
        if promotion.lowestPCOC > promotion.highestPCOC {
            section.problems.add(
                line: section.line(of: "lowest_pcoc"),
                "promotion.lowest_pcoc is \(promotion.lowestPCOC), above highest_pcoc, \(promotion.highestPCOC); "
                    + "no model could pass")
        }
    }

    private mutating func readEvaluation(_ section: Section) {
        let baselines = Contender.allCases.filter { $0 != .nets(.rocket) }
        section.read("group", .column, into: &evaluation.group)
        section.read("true_probability", .column, into: &evaluation.trueProbability)
        section.read("baselines", listOf: .oneOf(baselines), .refused, into: &evaluation.baselines)
        section.read("slices", listOf: .featureName, .refused, into: &evaluation.slices)
        for name in evaluation.slices {
            let feature = features.features.first { $0.name == name }
            if let feature, !feature.isNumber { continue }
            section.problems.add(
                line: section.line(of: "slices"),
                "evaluation.slices: ‘\(name)’ \(feature == nil ? "is not a feature of this file" : "is a number"); expected "
                    + "features with ids (a number can be bucketed)")
        }
        section.read("importance_rows", .integer(0...10_000_000), into: &evaluation.importanceRows)
        section.read("examples", .boolean, into: &evaluation.examples)
        section.section("latency") {
            $0.read("batch_sizes", listOf: .integer(1...65_536), .refused, into: &evaluation.latency.batchSizes)
            $0.read("calls", .integer(100...10_000_000), into: &evaluation.latency.calls)
            readRequestColumns($0)
        }
        if let column = evaluation.trueProbability,
            let feature = features.features.first(where: { $0.column == column })
        {
            section.problems.add(
                line: section.line(of: "true_probability"),
                "evaluation.true_probability is the column \(column), which feature \(feature.name) reads too; "
                    + "a model must not see the answer, so remove one of the two")
        }
    }

    private mutating func readRequestColumns(_ section: Section) {
        var columns: [String] = []
        section.read("request_columns", listOf: .column, .refused, into: &columns)
        guard !columns.isEmpty else { return }
        evaluation.latency.requestColumns = columns
        let read = Set(features.features.filter(\.kind.readsColumn).map(\.column) + [source.impressions.time])
        for column in columns where !read.contains(column) {
            section.problems.add(
                line: section.line(of: "request_columns"),
                "evaluation.latency.request_columns: no feature reads a column ‘\(column)’; expected columns of features"
            )
        }
    }
}

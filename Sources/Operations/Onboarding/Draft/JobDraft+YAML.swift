extension JobDraft {
    /// The job file, with what a newcomer wants to know of each section.
    func yaml(today: String) -> String {
        let sizes = sizes
        return [
            head(today), sourceText, featuresText, netsText(sizes), rocketText, trainingText(sizes),
            evaluationText(sizes),
            restText,
        ].joined(separator: "\n\n") + "\n"
    }

    private func head(_ today: String) -> String {
        let read =
            sample.isWhole
            ? "all \(sample.tableRows)" : "\(sample.rows) of \(sample.isCounted ? "" : "about ")\(sample.tableRows)"
        var lines = [
            "# A first job file, made by rocket init on \(today) from \(read) rows of \(Self.comment(impressions.name)).",
            "# It is yours from now on: read it once, change what you know better, keep it in version control.",
            "# Check it with: rocket config check FILE --database. All keys: rocket config keys.",
        ]
        if !remarks.isEmpty {
            lines += ["#", "# Please look at:"] + remarks.map { "#   - \(Self.comment($0))" }
        }
        return
            (lines + [
                "", Self.noted("model: \(Self.scalar(model))", "versions, reports and the job's lock carry this name"),
            ])
            .joined(separator: "\n")
    }

    private var sourceText: String {
        let window = sample.attributionWindow
        let why =
            window == nil
            ? "a guess: 99 of 100 clicks should come within it; s, m, h, d"
            : "99 of 100 clicks of the sample came within it; s, m, h, d"
        return """
            # Which tables are read (read only), and what their columns are called. A click counts for its impression once,
            # within attribution_window; a day is used when that has passed since its end. Rows without an id or time are
            # left out.
            source:
              impressions: {table: \(Self.scalar(impressions.name)), id: \(Self.key(source.impressionID)), \
            time: \(Self.scalar(source.impressionTime.name))\(Self.conditions(source.impressions))}
              clicks: {table: \(Self.scalar(clicks.name)), impression_id: \(Self.key(source.clickImpression)), \
            time: \(Self.scalar(source.clickTime.name))\(Self.conditions(source.clicks))}
            \(Self.noted("  attribution_window: \(window?.text ?? "30m")", why))
            \(Self.noted("  time_zone: UTC", "whose midnights cut the log into days, such as Europe/Berlin"))
            """
    }

    /// `id`, or `[request_id, position]`.
    private static func key(_ key: SurveyedKey) -> String {
        let names = key.names.map { scalar($0) }
        return names.count == 1 ? names[0] : "[\(names.joined(separator: ", "))]"
    }

    /// `, where: {event: click}`
    private static func conditions(_ log: SurveyedLog) -> String {
        if log.conditions.isEmpty { return "" }
        let parts = log.conditions.map { condition in
            let values = condition.values.map { scalar($0) }
            let value = values.count == 1 ? values[0] : "[\(values.joined(separator: ", "))]"
            return "\(scalar(condition.column)): \(value)"
        }
        return ", where: {\(parts.joined(separator: ", "))}"
    }

    private static let severalSizes = """
         It teaches three sizes at once, each of which is what it would be alone: rocket report shows what
        # a smaller or a larger one would buy.
        """

    private static func lights(_ sizes: DraftSizes) -> String {
        guard let others = sizes.others else { return noted("  light: \(sizes.light)", "widths of the hidden layers") }
        return """
            \(noted("  lights:", "widths of the hidden layers"))
                small: \(others.smaller)
                medium: \(sizes.light)
                large: \(others.larger)
            """
    }

    private static func booster(_ sizes: DraftSizes) -> String {
        sizes.crossLayers == 0 ? "\(sizes.booster)" : "{hidden: \(sizes.booster), cross_layers: \(sizes.crossLayers)}"
    }

    private func netsText(_ sizes: DraftSizes) -> String {
        """
        # All nets read the embedded features. A light one is served, so its size is your latency; the booster only
        # teaches.\(sizes.others == nil ? "" : Self.severalSizes)
        nets:
        \(Self.noted("  embedding_dim: \(sizes.embeddingDim)", "numbers per embedding"))
        \(Self.noted("  embedding_memory: \(sizes.embeddingMemory)", "at most; the log has about \(ids) ids"))
        \(Self.lights(sizes))
        \(Self.noted("  booster: \(Self.booster(sizes))", "what it learns it hints at"))
        """
    }

    private var rocketText: String {
        """
        # How the booster teaches the light net. Try another λ with rocket experiment.
        rocket:
        \(Self.noted("  teacher: finished", "trained first; or joint, the paper's: both are trained at once"))
        \(Self.noted("  hint_loss: distillation", "or logit_mse, the paper's"))
        \(Self.noted("  hint_weight: 3", "λ"))
        \(Self.noted("  sharing: nothing", "or embeddings, the paper's: less memory"))
        """
    }

    private func trainingText(_ sizes: DraftSizes) -> String {
        let days = sample.days.count
        let known =
            sample.hasAllDays
            ? "the log has \(days) day\(days == 1 ? "" : "s")" : "how many days the log has is not known"
        return """
            # A night trains on the window_days before the judged day, which the nets never see.
            training:
            \(Self.noted("  window_days: \(sizes.windowDays)", known))
            \(Self.noted("  batch_size: \(sizes.batchSize)", "larger is faster, and learns less from each row"))
            \(Self.noted("  epochs: auto", "found on the latest rows, which are then trained on too"))
              dense_learning_rate: 0.001
              light_learning_rate: 0.003
              embedding_learning_rate: 0.05
            \(Self.noted("  seed: 1", "same seed, data and file: the same bytes of weights"))
            """
    }

    private func evaluationText(_ sizes: DraftSizes) -> String {
        let grouped = group.map {
            Self.noted("  group: \(Self.scalar($0.name))", "GAUC: the order of ads within each of its values")
        }
        // Of generated logs.
        let truth: String =
            impressions.columns.first(where: \.isGeneratedTruth)
            .map {
                "\n" + Self.noted("  true_probability: \(Self.scalar($0.name))", "with which the clicks were drawn")
            } ?? ""
        let arms =
            sizes.trainsBaselines
            ? Self.noted(
                "  baselines: [logistic_regression, light, booster]",
                "a yardstick, and each net trained without the other")
            : Self.noted(
                "  baselines: [logistic_regression]",
                "a yardstick; light and booster may be added, for twice the time")
        return """
            # How a version is judged, on the day after its last training day.
            evaluation:
            \(grouped ?? "  # group: user_id           # a column that names a person, for GAUC; none was found")
            \(arms)\(truth)
            """
    }

    private var serveText: String {
        sizes.others == nil
            ? ""
            : """


            # Which light net is served. {largest_within_p99_us: 300, candidates: 200} lets each night choose the largest
            # that answers so fast.
            serve: {net: medium}
            """
    }

    private var restText: String {
        """
        # When a new version goes live by itself: it may lose so much AUC against the live one, and must predict as many
        # clicks as there are (PCOC: predicted over observed).
        promotion: {margin: 0.002, lowest_pcoc: 0.8, highest_pcoc: 1.25, least_clicks: 100}\(serveText)

        # Days in column form; made anew from the logs whenever they are missing. rocket cache prune keeps them few.
        cache: {directory: .rocket/cache/\(model), retention_days: 60}
        """
    }
}

extension JobDraft {
    /// The features, each with a remark, and what was left out.
    var featuresText: String {
        var lines = [
            "# What the nets are given of an impression; column defaults to the name. Kinds: categorical (one value),",
            "# multi_valued (an array), numeric, bucketed (a number by quantiles), cross (a combination of others),",
            "# history (how often a key was shown and clicked on earlier days), hour_of_day, day_of_week.",
            "# Each value that training has seen has its own embedding, as far as nets.embedding_memory goes.",
            "features:",
        ]
        var names: Set<String> = []
        var nameOfColumn: [String: String] = [:]
        for case .feature(let feature) in features {
            let name = Self.unused(Self.featureName(feature.column), &names)
            nameOfColumn[feature.column] = name
            lines.append(Self.noted("  - \(Self.flow(feature, name))", Self.comment(feature.remark)))
        }
        for cross in crosses {
            guard let first = nameOfColumn[cross.first], let second = nameOfColumn[cross.second] else { continue }
            let name = Self.unused("\(first)_x_\(second)", &names)
            lines.append("  # The pair: \(cross.remark).")
            lines.append(
                Self.noted(
                    "  - {name: \(Self.scalar(name)), kind: cross, of: [\(Self.scalar(first)), \(Self.scalar(second))]}",
                    "\(cross.evidence.pairs) pairs in \(sample.recent.count) rows before the last day"))
        }
        lines += historyLines(nameOfColumn, &names)
        let sentence = "of \(source.impressionTime.name), in source.time_zone"
        let hour = Self.unused("hour_of_day", &names)
        lines.append(Self.noted("  - {name: \(Self.scalar(hour)), kind: hour_of_day}", Self.comment(sentence)))
        let weekday = "- {name: \(Self.scalar(Self.unused("day_of_week", &names))), kind: day_of_week}"
        // A weekday that no training day has teaches nothing about the judged day.
        lines.append(
            sample.days.count >= 15
                ? Self.noted("  \(weekday)", Self.comment(sentence))
                : Self.noted("  # \(weekday)", "once there are two weeks of logs and more"))
        let left = features.compactMap { proposal in
            if case .leftOut(let column, let reason) = proposal { (column, reason) } else { nil }
        }
        if !left.isEmpty { lines.append("  # Left out:") }
        for (column, reason) in left { lines.append("  #   \(Self.comment(column)): \(Self.comment(reason))") }
        return lines.joined(separator: "\n")
    }

    private func historyLines(_ nameOfColumn: [String: String], _ names: inout Set<String>) -> [String] {
        guard let history else { return [] }
        var lines = ["  # What happened before the day: \(history.evidence)."]
        var windows: [Int] = []
        var span = ""
        for case .days(let days) in history.spans { windows.append(days) }
        for case .halfLife(let days) in history.spans { span = "half_life: \(days)d" }
        if windows.count == 1 { span = "days: \(windows[0])" }
        if windows.count > 1 { span = "days: \(windows)" }
        for key in history.keys {
            let parts = key.columns.compactMap { nameOfColumn[$0] }
            guard parts.count == key.columns.count else { continue }
            let name = Self.unused(parts.joined(separator: "_x_") + "_history", &names)
            let of = parts.map { Self.scalar($0) }.joined(separator: ", ")
            let feature = "{name: \(Self.scalar(name)), kind: history, of: [\(of)], \(span)}"
            lines.append(Self.noted("  - \(feature)", Self.comment(key.remark)))
        }
        return lines
    }

    private static func flow(_ feature: ProposedFeature, _ name: String) -> String {
        var text = "{name: \(scalar(name))"
        if name != feature.column { text += ", column: \(scalar(feature.column))" }
        switch feature.kind {
        case .categorical: text += ", kind: categorical"
        case .multiValued: text += ", kind: multi_valued"
        case .numeric(let isSkewed): text += ", kind: numeric" + (isSkewed ? ", transform: log1p" : "")
        case .bucketed(let buckets): text += ", kind: bucketed, buckets: \(buckets)"
        }
        return text + "}"
    }

    /// What a feature of a column may be called: `a-z`, then `a-z`, `0-9` and `_`.
    static func featureName(_ column: String) -> String {
        let name = String(
            column.lowercased().unicodeScalars.map { scalar in
                ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) ? Character(scalar) : "_"
            })
        return name.first.map { ("a"..."z").contains($0) } == true ? name : "f_\(name)"
    }

    private static func unused(_ name: String, _ names: inout Set<String>) -> String {
        var candidate = name
        var number = 2
        while !names.insert(candidate).inserted {
            candidate = "\(name)_\(number)"
            number += 1
        }
        return candidate
    }
}

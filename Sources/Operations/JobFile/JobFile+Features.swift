import Features
import Yams

extension JobFile {
    /// Reads the list `features`, whose order is the order of the cache's columns.
    mutating func readFeatures(_ file: Section) {
        let expected = "a list with at least one feature, each {name: …, kind: …}"
        if let outline = file.outline {
            outline.add("features", expected, default: nil, isRequired: true)
            let section = Section(outline: outline, path: "features")
            _ = Self.feature(section)
            _ = AskedHistory(section, "")
            return
        }
        guard file.has("features") else {
            _ = file.items("features", expected: expected)
            file.problems.add(line: file.line, "features is missing; expected \(expected)")
            return
        }
        var lineOfName: [String: Int] = [:]
        var lines: [Int] = []
        var tableLines: [Int] = []
        var histories: [AskedHistory] = []
        for (position, node) in file.items("features", expected: expected).enumerated() {
            let line = node.mark?.line ?? file.line(of: "features")
            guard let mapping = node.mapping else {
                file.problems.add(
                    line: line, "features[\(position + 1)] \(node.finding); expected a feature {name: …, kind: …}")
                continue
            }
            // A feature is found by its name more easily than by its position.
            let name = mapping["name"]?.scalar?.text ?? "\(position + 1)"
            let section = Section(mapping, path: "features[\(name)]", line: line, problems: file.problems)
            let feature = Self.feature(section)
            if let earlier = lineOfName[feature.name], !feature.name.isEmpty {
                file.problems.add(
                    line: section.line(of: "name"),
                    "features[\(name)] has the name of the feature on line \(earlier); give each its own name")
            }
            lineOfName[feature.name] = lineOfName[feature.name] ?? section.line(of: "name")
            features.features.append(feature)
            let history = AskedHistory(section, feature.name)
            if feature.kind == .history {
                history.check(section)
                histories.append(history)
            }
            section.close()
            lines.append(section.line(of: "of"))
            tableLines.append(section.line(of: "table"))
        }
        checkCrosses(file, lines)
        shareTables(file, lines: tableLines)
        replaceHistories(by: histories, file)
    }

    /// A feature without a table of its own has ids and embeddings as the feature whose table it uses.
    private mutating func shareTables(_ file: Section, lines: [Int]) {
        for index in features.features.indices {
            let feature = features.features[index]
            guard let name = feature.table else { continue }
            let owner = features.features.first { $0.name == name }
            let isOwner = owner.map { [.categorical, .multiValued].contains($0.kind) && $0.table == nil } ?? false
            guard let owner, isOwner, name != feature.name else {
                let finding = owner == nil ? "is not a feature of this file" : "has no table of its own to share"
                file.problems.add(
                    line: lines[index],
                    "features[\(feature.name)].table: ‘\(name)’ \(finding); expected another categorical or multi_valued "
                        + "feature")
                continue
            }
            if owner.minimumCount != nil || owner.expireAfterDays != nil {
                file.problems.add(
                    line: lines[index],
                    "features[\(feature.name)].table: ‘\(name)’ has minimum_count or expire_after_days, which count one "
                        + "feature's ids; remove them there, or give \(feature.name) its own table")
            }
            features.features[index].hashBits = owner.hashBits
            features.features[index].embeddingDim = owner.embeddingDim
        }
    }

    /// A cross names other features, wherever in the list, that have one value a row.
    private func checkCrosses(_ file: Section, _ lines: [Int]) {
        for (feature, line) in zip(features.features, lines) where feature.kind == .cross {
            for name in feature.crossed ?? [] {
                let crossed = features.features.first { $0.name == name }
                if let crossed, ![.numeric, .multiValued, .cross, .history].contains(crossed.kind) { continue }
                let finding =
                    crossed.map { "is of kind \($0.kind.rawValue)" } ?? "is not a feature of this file"
                file.problems.add(
                    line: line,
                    "features[\(feature.name)].of: ‘\(name)’ \(finding); "
                        + "expected features with one value a row: categorical, bucketed, hour_of_day, day_of_week")
            }
        }
    }

    private static func feature(_ section: Section) -> Feature {
        var feature = Feature(name: "", column: "", kind: .categorical)
        section.require("name", .featureName, into: &feature.name)
        feature.column = feature.name
        section.read("column", .column, into: &feature.column)
        var kind: Feature.Kind?
        section.require("kind", .oneOf(Feature.Kind.allCases), into: &kind)
        section.read("hash_bits", .integer(1...28), into: &feature.hashBits)
        section.read("table", .featureName, into: &feature.table)
        section.read("transform", .oneOf(Feature.Transform.allCases), into: &feature.transform)
        var crossed: [String] = []
        if section.has("of") { section.require("of", listOf: .featureName, into: &crossed) }
        section.read("buckets", .integer(2...10_000), into: &feature.buckets)
        section.read("minimum_count", .integer(2...1_000_000_000), into: &feature.minimumCount)
        section.read("expire_after_days", .integer(1...36_500), into: &feature.expireAfterDays)
        section.read("embedding_dim", .integer(1...256), into: &feature.embeddingDim)
        section.read("pooling", .oneOf(Feature.Pooling.allCases), into: &feature.pooling)
        guard let kind else { return feature }
        feature.kind = kind
        if kind.isHashed, !section.has("hash_bits") { feature.hashBits = FeatureHasher.exactBits }
        let keys: [(key: String, fits: Bool, reason: String)] = [
            ("hash_bits", kind.isHashed, "only categorical, multi_valued and cross features are hashed"),
            ("transform", kind == .numeric, "only numeric features are transformed"),
            ("of", kind == .cross || kind == .history, "only a cross or a history names other features"),
            ("buckets", kind == .bucketed, "only bucketed features have buckets"),
            ("column", kind.readsColumn, "it reads no column of its own"),
            ("embedding_dim", kind != .numeric, "only features with ids are embedded"),
            ("days", kind == .history, "only a history has days"),
            ("half_life", kind == .history, "only a history has a half-life"),
            ("lag", kind == .history, "only a history has a lag"),
            ("form", kind == .history, "only a history has a form"),
            ("pooling", kind == .multiValued, "only multi_valued features have several ids a row"),
            ("minimum_count", kind.isHashed, "only hashed features have rare ids"),
            ("expire_after_days", kind.isHashed, "only hashed features have ids that come and go"),
        ]
        for (key, fits, reason) in keys where !fits && section.has(key) {
            refuse(key, of: feature, reason, in: section)
        }
        if section.has("table") {
            if ![.categorical, .multiValued].contains(kind) {
                refuse("table", of: feature, "only categorical and multi_valued features share tables", in: section)
            }
            for key in ["hash_bits", "embedding_dim", "minimum_count", "expire_after_days"] where section.has(key) {
                section.problems.add(
                    line: section.line(of: key),
                    "\(section.qualified(key)) does not go with table: the table's own feature says it; remove it")
            }
        }
        if kind == .bucketed { feature.buckets = feature.buckets ?? 10 }
        if kind == .history { feature.crossed = crossed }
        if kind == .cross {
            feature.crossed = crossed
            if crossed.count < 2 {
                section.problems.add(
                    line: section.line(of: "of"),
                    "\(section.qualified("of")) names \(crossed.count) features; "
                        + "expected at least two, such as [site, slot]")
            }
        }
        return feature
    }

    private static func refuse(_ key: String, of feature: Feature, _ reason: String, in section: Section) {
        section.problems.add(
            line: section.line(of: key),
            "\(section.qualified(key)) does not fit kind \(feature.kind.rawValue): \(reason); remove it")
    }
}

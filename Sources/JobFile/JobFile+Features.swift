import Features
import Yams

extension JobFile {
    /// Reads the list `features`, whose order is the order of the cache's columns.
    mutating func readFeatures(_ file: Section) {
        let expected = "a list with at least one feature, each {name: …, kind: …}"
        guard file.has("features") else {
            _ = file.items("features", expected: expected)
            file.problems.add(line: file.line, "features is missing; expected \(expected)")
            return
        }
        var lineOfName: [String: Int] = [:]
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
            section.close()
            if let earlier = lineOfName[feature.name], !feature.name.isEmpty {
                file.problems.add(
                    line: section.line(of: "name"),
                    "features[\(name)] has the name of the feature on line \(earlier); give each its own name")
            }
            lineOfName[feature.name] = lineOfName[feature.name] ?? section.line(of: "name")
            features.features.append(feature)
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
        section.read("transform", .oneOf(Feature.Transform.allCases), into: &feature.transform)
        guard let kind else { return feature }
        feature.kind = kind
        if kind == .numeric, section.has("hash_bits") {
            refuse("hash_bits", of: feature, "only categorical and multi_valued features are hashed", in: section)
        }
        if kind != .numeric, section.has("transform") {
            refuse("transform", of: feature, "only numeric features are transformed", in: section)
        }
        return feature
    }

    private static func refuse(_ key: String, of feature: Feature, _ reason: String, in section: Section) {
        section.problems.add(
            line: section.line(of: key),
            "\(section.qualified(key)) does not fit kind \(feature.kind.rawValue): \(reason); remove it")
    }
}

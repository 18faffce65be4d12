import Features

/// What the job file asks for with a feature of kind `history`.
struct AskedHistory {
    /// The feature's name.
    let name: String
    /// Lines of the keys, for messages.
    let line, ofLine: Int
    private(set) var windows: [HistoryWindow] = []
    /// Nil: as long as labels take to mature.
    private(set) var lag: Int?
    private(set) var form = HistoryNumber.Form.buckets

    /// Days as the file has them; without them, the half-life.
    private var days: [Int] = []

    /// Reads the keys that only a history has; of other features, so that they are known.
    init(_ section: Section, _ name: String) {
        self.name = name
        line = section.line(of: "name")
        ofLine = section.line(of: "of")
        if section.isList("days") {
            section.read("days", listOf: .integer(1...366), .refused, into: &days)
        } else {
            var single: Int?
            section.read("days", .integer(1...366), into: &single)
            days = single.map { [$0] } ?? []
        }
        var halfLife: HistoryWindow?
        section.read("half_life", .halfLife, into: &halfLife)
        section.read("lag", .integer(1...366), into: &lag)
        section.read("form", .oneOf(HistoryNumber.Form.allCases), into: &form)
        windows = halfLife.map { [$0] } ?? days.map { HistoryWindow(days: $0) }
    }

    /// Notes what does not go together.
    func check(_ section: Section) {
        switch (section.has("days"), section.has("half_life")) {
        case (true, true):
            section.problems.add(
                line: section.line(of: "half_life"),
                "\(section.qualified("half_life")) does not go with days: a history has windows of days or a half-life; "
                    + "give it as a second history")
        case (false, false):
            section.problems.add(
                line: section.line,
                "\(section.path) says no time; expected days: 7, days: [1, 7, 28] or half_life: 3d")
        default: break
        }
        if days.count > Self.mostWindows {
            section.problems.add(
                line: section.line(of: "days"),
                "\(section.qualified("days")) has \(days.count) windows; expected at most \(Self.mostWindows)")
        }
        if !section.has("of") {
            section.problems.add(
                line: section.line,
                "\(section.qualified("of")) is missing; expected the features whose history it is, such as [ad] or "
                    + "[user, campaign]")
        }
    }

    private static let mostWindows = 8
}

extension JobFile {
    /// Puts each history's numbers in its place.
    mutating func replaceHistories(by asked: [AskedHistory], _ file: Section) {
        guard !asked.isEmpty else { return }
        var asked = asked[...]
        let others = Set(features.features.filter { $0.kind != .history }.map(\.name))
        var given: Set<String> = []
        var replaced: [Feature] = []
        for feature in features.features {
            guard feature.kind == .history, let history = asked.popFirst() else {
                replaced.append(feature)
                continue
            }
            checkKey(of: feature, history, file)
            let safeLag = HistoryNumber.safeLag(windowSeconds: source.attributionWindow.seconds)
            let lag = history.lag ?? safeLag
            if lag < safeLag - 1 {
                file.problems.add(
                    line: history.line,
                    "features[\(feature.name)].lag is \(lag): clicks of so new a day may still come; expected "
                        + "\(safeLag - 1) or more with this source.attribution_window, \(safeLag) by default")
            }
            for window in history.windows {
                for measure in HistoryNumber.Measure.allCases {
                    var number = Feature(
                        HistoryNumber(
                            feature: feature.name, of: feature.crossed ?? [], window: window, lag: lag,
                            measure: measure),
                        as: history.form)
                    number.embeddingDim = history.form == .buckets ? feature.embeddingDim : nil
                    if others.contains(number.name) || !given.insert(number.name).inserted {
                        file.problems.add(
                            line: history.line,
                            "features[\(feature.name)] gives the number \(number.name), and another feature has that name; "
                                + "rename one of the two")
                    }
                    replaced.append(number)
                }
            }
        }
        features.features = replaced
    }

    /// A key consists of features of the file with one value a row, each once.
    private func checkKey(of feature: Feature, _ history: AskedHistory, _ file: Section) {
        var seen: Set<String> = []
        for name in feature.crossed ?? [] {
            let part = features.features.first { $0.name == name }
            if let part, part.kind.canBeKey, seen.insert(name).inserted { continue }
            let finding =
                part.map { $0.kind.canBeKey ? "is there twice" : "is of kind \($0.kind.rawValue)" }
                ?? "is not a feature of this file"
            file.problems.add(
                line: history.ofLine,
                "features[\(feature.name)].of: ‘\(name)’ \(finding); "
                    + "expected features with one value a row: categorical, hour_of_day, day_of_week")
        }
    }
}

extension Form where Value == HistoryWindow {
    /// `3d`, `36h`.
    static var halfLife: Form {
        Form(
            expected: "a whole number with its unit h or d, such as 3d, from 6h to 52d",
            show: \.suffix,
            read: { scalar in
                guard let text = scalar.text, let unit = text.last.flatMap({ ["h": 1, "d": 24][$0] }),
                    text.dropLast().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let count = Int(text.dropLast()), count <= 52 * 24, (6...52 * 24).contains(count * unit)
                else { return nil }
                return HistoryWindow(halfLifeHours: count * unit)
            })
    }
}

/// Samples in Prometheus' text format 0.0.4, which node_exporter's textfile collector reads:
/// https://prometheus.io/docs/instrumenting/exposition_formats/
public enum MetricText {
    /// The samples, each metric with its `HELP` and `TYPE`; those of one metric stay in their order.
    public static func text(_ samples: [MetricSample]) -> String {
        var text = ""
        for metric in Metric.allCases {
            let own = samples.filter { $0.metric == metric }
            guard !own.isEmpty else { continue }
            text += "# HELP \(metric.rawValue) \(escaped(metric.help, alsoQuotes: false))\n"
            text += "# TYPE \(metric.rawValue) gauge\n"
            for sample in own { text += line(sample) }
        }
        return text
    }

    /// The samples of a text; lines that this program did not write are left out.
    public static func samples(_ text: String) -> [MetricSample] {
        text.split(separator: "\n").compactMap { line in
            line.hasPrefix("#") ? nil : sample(Array(line.unicodeScalars))
        }
    }

    /// Returns whether a text has any line that this program, or another version of it, writes; an empty text has.
    static func isOwn(_ text: String) -> Bool {
        let lines = text.split(whereSeparator: \.isNewline)
        return lines.isEmpty
            || lines.contains { line in
                let name = ["# HELP ", "# TYPE "].first { line.hasPrefix($0) }.map { line.dropFirst($0.count) } ?? line
                return name.hasPrefix("rocket_")
            }
    }

    private static func line(_ sample: MetricSample) -> String {
        let labels = sample.labels.map { "\($0.name)=\"\(escaped($0.value, alsoQuotes: true))\"" }
        let braces = labels.isEmpty ? "" : "{\(labels.joined(separator: ","))}"
        return "\(sample.metric.rawValue)\(braces) \(number(sample.value))\n"
    }

    private static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value > 0 ? "+Inf" : "-Inf" }
        return Int(exactly: value).map { "\($0)" } ?? "\(value)"
    }

    /// Backslash, end of line and, in the value of a label, the quote.
    private static func escaped(_ text: String, alsoQuotes: Bool) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\"" where alsoQuotes: result += "\\\""
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// `name{label="value",…} number`
    private static func sample(_ line: [Unicode.Scalar]) -> MetricSample? {
        var rest = line[...]
        guard let metric = Metric(rawValue: word(&rest, until: ["{", " "])) else { return nil }
        var labels: [MetricLabel] = []
        if rest.first == "{" {
            rest.removeFirst()
            while rest.first != "}" {
                let name = word(&rest, until: ["="])
                guard rest.prefix(2).elementsEqual(["=", "\""]) else { return nil }
                rest.removeFirst(2)
                guard let value = quoted(&rest) else { return nil }
                labels.append(MetricLabel(name, value))
                if rest.first == "," { rest.removeFirst() }
            }
            rest.removeFirst()
        }
        guard rest.first == " " else { return nil }
        rest.removeFirst()
        return Double(word(&rest, until: [" "])).map { MetricSample(metric, labels, $0) }
    }

    private static func word(_ rest: inout ArraySlice<Unicode.Scalar>, until ends: [Unicode.Scalar]) -> String {
        var word = String.UnicodeScalarView()
        while let next = rest.first, !ends.contains(next) {
            word.append(next)
            rest.removeFirst()
        }
        return String(word)
    }

    /// The rest of a label's value, its closing quote taken; nil: there is none.
    private static func quoted(_ rest: inout ArraySlice<Unicode.Scalar>) -> String? {
        var value = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            switch next {
            case "\"": return String(value)
            case "\\":
                guard let escaped = rest.popFirst() else { return nil }
                value.append(escaped == "n" ? "\n" : escaped)
            default: value.append(next)
            }
        }
        return nil
    }
}

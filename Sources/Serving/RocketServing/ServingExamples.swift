import Features
import Foundation

/// Rows by which another program that serves a model tests itself: `examples.jsonl`.
///
/// Each line has a row's raw values by column (`values`), the ids and numbers that they become by feature (`ids`,
/// `numbers`; null for missing), and the probability.
package struct ServingExamples {
    package static let fileName = "examples.jsonl"
    /// The lines, each with its end.
    package let text: String
    package let count: Int

    /// Makes examples of rows that can be scored, of one whose columns are all missing, and of one that no log has.
    ///
    /// - Parameter rows: Values in the order of the model's columns.
    /// - Throws: `ServingError`.
    package init(of model: ServingModel, rows: [[RawValue]]) throws(ServingError) {
        let ranker = try Ranker(model, tableBytes: 0)
        // Ids as other programs make them: without the model's tables of ids, which are a part of its graph.
        let encoder = try FeatureEncoder(model.features, history: model.history)
        let columns = encoder.candidateColumns
        var candidates = ranker.emptyRows()
        for row in rows { try candidates.append(row) }
        try candidates.append(columns.map { _ in .missing })
        try candidates.append(try Self.unseen(encoder))
        let outcomes = try ranker.outcomes(request: [], candidates: candidates)
        var (encoded, problems) = (encoder.empty(), RowProblems())
        try encoder.encode(candidates: candidates, of: encoder.empty(), into: &encoded, problems: &problems)
        var lines: [String] = []
        for (row, outcome) in outcomes.enumerated() {
            guard case .success(let probability) = outcome else { continue }
            let values = columns.enumerated().map { column, name in
                "\(JSONText.quoted(name)):\(JSONText.of(candidates.values[column][row]))"
            }
            let (ids, numbers) = Self.inputs(row, encoded, model.features)
            lines.append(
                "{\"row\":\(lines.count + 1),\"values\":{\(values.joined(separator: ","))},\"ids\":{\(ids)},"
                    + "\"numbers\":{\(numbers)}\(Self.lastMember)\(probability)}\n")
        }
        text = lines.joined()
        count = lines.count
    }

    /// Returns a row of values that no log is likely to have, each of its column's type.
    private static func unseen(_ encoder: FeatureEncoder) throws(ServingError) -> [RawValue] {
        let columns = encoder.candidateColumns
        var row = [RawValue](repeating: .missing, count: columns.count)
        let odd: [RawValue] = ["never seen, ünïcödé", .integer(987_654_321), .flag(true)]
        for column in columns.indices {
            for value in odd + [.list(odd), .list([.integer(987_654_321)])] {
                row[column] = value
                var (rows, problems) = (RawRows(columns: columns), RowProblems())
                try rows.append(row)
                var encoded = encoder.empty()
                try encoder.encode(candidates: rows, of: encoder.empty(), into: &encoded, problems: &problems)
                if problems.isEmpty { break }
                row[column] = .missing
            }
        }
        return row
    }

    /// Returns a row's ids and numbers by feature, as members of JSON objects.
    private static func inputs(
        _ row: Int, _ encoded: EncodedRows, _ features: ServedFeatures
    ) -> (ids: String, numbers: String) {
        let ids = zip(features.specification.fields, encoded.rows.fields).map { feature, field in
            guard let offsets = field.offsets else { return "\(JSONText.quoted(feature.name)):\(field.ids[row])" }
            let list = field.ids[Int(offsets[row])..<Int(offsets[row + 1])].map { "\($0)" }.joined(separator: ",")
            return "\(JSONText.quoted(feature.name)):[\(list)]"
        }
        let numbers = zip(features.specification.numerics, encoded.rows.numerics).map { feature, numbers in
            "\(JSONText.quoted(feature.name)):\(numbers[row].isNaN ? "null" : "\(numbers[row])")"
        }
        return (ids.joined(separator: ","), numbers.joined(separator: ","))
    }

    /// Takes the examples of one of a version's light nets for another: values, ids and numbers are those of the
    /// version, probabilities those of the model. Rows that it cannot score are left out.
    ///
    /// - Parameter lines: What another net's examples have as their text.
    /// - Throws: `ServingError`, also for lines that are no examples.
    package init(_ lines: [UInt8], scoredBy model: ServingModel) throws(ServingError) {
        let ranker = try Ranker(model, tableBytes: 0)
        var rows = ranker.emptyRows()
        var parts: [Substring] = []
        for line in String(decoding: lines, as: UTF8.self).split(separator: "\n") {
            guard let start = line.firstIndex(of: ","),
                let end = line.range(of: Self.lastMember, options: [.backwards, .literal]), start < end.lowerBound
            else { throw .line(row: rows.count, "it has no row or no probability") }
            parts.append(line[start..<end.lowerBound])
            try rows.append(read: Self.values(of: line, ranker, rows.count))
        }
        var text: [String] = []
        for (part, outcome) in zip(parts, try ranker.outcomes(request: [], candidates: rows)) {
            guard case .success(let probability) = outcome else { continue }
            text.append("{\"row\":\(text.count + 1)\(part)\(Self.lastMember)\(probability)}\n")
        }
        self.text = text.joined()
        count = text.count
    }

    private static let lastMember = ",\"probability\":"

    private static func values(
        of line: Substring, _ ranker: Ranker, _ number: Int
    ) throws(ServingError) -> [RawValue?] {
        var values: Result<[RawValue?], ServingError>?
        do throws(JSONRow.Problem) {
            try JSONRow.parse(Array(line.utf8)[...]) { json throws(JSONRow.Problem) in
                try json.members { name, json throws(JSONRow.Problem) in
                    guard name == "values", values == nil else { return try json.skipValue() }
                    values = try ranker.candidateNames.read(&json, number: number)
                }
            }
        } catch {
            throw .line(row: number, error.what)
        }
        guard let values else { throw .line(row: number, "it has no values") }
        return try values.get()
    }
}

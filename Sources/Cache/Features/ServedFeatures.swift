import Foundation

/// Everything that a program needs to turn raw values into a model's input: `features.json` next to its weights.
public struct ServedFeatures: Codable, Equatable, Sendable {
    /// The features in the order of the model's fields and numbers, with learned boundaries.
    public var features: [Feature]
    /// The column with the impression's time, for hours and weekdays.
    public var timeColumn: String
    /// The time zone of hours and weekdays.
    public var timeZone: String
    /// PostgreSQL's types of the columns, as `ColumnType` reads them; nil in files of older versions, whose values are
    /// treated as text.
    public var columnTypes: [String: String]?
    /// The log's columns that no feature reads, sorted: a row may have them, and their values are ignored. Nil in files
    /// of older versions.
    public var otherColumns: [String]?
    /// The model's name; nil in files of older versions, as all that follows.
    public var model: String?
    /// The version's number.
    public var version: Int?
    /// The first and the last day that the version was trained on, such as `2026-01-06`.
    public var trainedFrom, trainedTo: String?

    public init(
        _ specification: FeatureSpecification, timeColumn: String, timeZone: String,
        columnTypes: [String: String]? = nil
    ) {
        features = specification.features
        self.timeColumn = timeColumn
        self.timeZone = timeZone
        self.columnTypes = columnTypes
    }

    public var specification: FeatureSpecification { FeatureSpecification(features: features) }

    /// The job file's features of kind `history`, of which each is several numbers here.
    public var histories: [String] {
        var names: [String] = []
        for history in specification.histories.compactMap(\.history) where names.last != history.feature {
            names.append(history.feature)
        }
        return names
    }

    /// The columns that a row may have although no feature reads them.
    public var unreadColumns: Set<String> {
        Set(otherColumns ?? []).subtracting(features.compactMap { column(of: $0) })
    }

    /// Returns the column that a feature is read from; nil for crosses and histories.
    public func column(of feature: Feature) -> String? {
        switch feature.kind {
        case .cross, .history: nil
        case .hourOfDay, .dayOfWeek: timeColumn
        default: feature.column
        }
    }

    /// Returns the type of a column; nil if the file gives none, or one without ids.
    public func type(of column: String) -> ColumnType? {
        columnTypes?[column].flatMap { ColumnType(postgres: $0) }
    }

    /// Returns JSON with sorted keys: the same features give the same text.
    public func canonicalJSON() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

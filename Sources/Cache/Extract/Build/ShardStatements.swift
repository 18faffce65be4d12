import AdLogs
import Days
import Postgres

/// The statements that an extraction runs, for benchmarks that run them in another way.
public struct ShardStatements {
    private let specification: ExtractionSpecification
    private let connection: Connection

    public init(_ specification: ExtractionSpecification, on connection: Connection) {
        self.specification = specification
        self.connection = connection
    }

    /// Returns the statements for clicks and impressions of each shard of a day.
    public func selects(of day: Day) throws -> [String] {
        let days = LogDays(specification.source)
        let range = try days.instants(of: day, on: connection)
        let attribution = try Attribution(specification.source, on: connection)
        var columns = try SelectedColumns(specification.source, attribution, on: connection)
        _ = try RowDecoder(
            specification, columns: &columns, offsets: days.zoneOffsets(in: range, on: connection))
        return range.parts(specification.shards).flatMap { part in
            [
                attribution.clicks(in: part),
                attribution.impressions(in: part, selecting: columns.expressions, breaksTies: false),
            ]
        }
    }
}

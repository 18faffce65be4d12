import Days
import Postgres

/// A writer of generated days into the impression and click tables of a database.
///
/// The caller makes each day one transaction, so that an interrupted load resumes with the first missing day. The
/// tables, their added columns (``SampleLogColumns/added``) and their partitions for
/// ``SampleLogSpecification/impressionDays`` and ``SampleLogSpecification/clickDays`` must exist.
public struct SampleLogWriter: Sendable {
    /// The tables' quoted names, as they stand in SQL.
    public let impressions: String
    public let clicks: String

    /// - Parameters:
    ///   - impressions: Quoted name of the impression table.
    ///   - clicks: Quoted name of the click table.
    public init(impressions: String, clicks: String) {
        self.impressions = impressions
        self.clicks = clicks
    }

    /// Generates one day and copies it into the tables, impressions before clicks.
    ///
    /// The day is generated twice, once per table, because one connection copies into one table at a time and
    /// generating it again costs less than keeping a day's clicks in memory.
    ///
    /// - Throws: ``SampleLogError`` if the log does not have the day, otherwise the database's error.
    public func write(
        _ day: Day, of generator: SampleLogGenerator, to connection: Connection, progress: (Int) -> Void
    ) throws -> SampleDay {
        let rows = try generator.impressions(on: day)
        var summary = SampleDay(day: day)
        let impressionCopy = try connection.copyIn(Self.copy(impressions, SampleLogColumns.impressions, connection))
        for row in rows {
            Self.append(row, to: impressionCopy)
            summary.count(row)
            if summary.impressions.isMultiple(of: 10_000) { progress(summary.impressions) }
        }
        _ = try impressionCopy.finish()
        let clickCopy = try connection.copyIn(Self.copy(clicks, SampleLogColumns.clicks, connection))
        for row in rows {
            for delay in [row.clickDelayMicroseconds, row.duplicateDelayMicroseconds] {
                guard let delay else { continue }
                clickCopy.row(SampleLogColumns.clicks.count)
                clickCopy.text(row.id)
                clickCopy.timestamptz(microsecondsSince1970: row.impressedAtMicroseconds + delay)
            }
        }
        summary.clicksWritten = try clickCopy.finish()
        return summary
    }

    private static func copy(_ table: String, _ columns: [String], _ connection: Connection) throws -> String {
        let names = try columns.map { try connection.quoteIdentifier($0) }.joined(separator: ", ")
        return "COPY \(table) (\(names)) FROM STDIN (FORMAT binary)"
    }

    /// Appends one row in the order of ``SampleLogColumns/impressions``.
    private static func append(_ row: SampleImpression, to copy: BinaryCopyWriter) {
        let (user, ad) = (row.user, row.ad)
        copy.row(SampleLogColumns.impressions.count)
        copy.text(row.id)
        copy.timestamptz(microsecondsSince1970: row.impressedAtMicroseconds)
        copy.text(user.id)
        copy.text(orNull: SampleVocabulary.gender.text(user.gender))
        copy.text(orNull: SampleVocabulary.ageGroup.text(user.ageGroup))
        copy.text(orNull: SampleVocabulary.city.text(user.city))
        copy.text(orNull: SampleVocabulary.deviceOS.text(user.deviceOS))
        copy.text(orNull: SampleVocabulary.memberLevel.text(user.memberLevel))
        if let interests = user.interests { copy.textArray(interests) } else { copy.null() }
        copy.text(ad.id)
        copy.text(orNull: ad.advertiserID)
        copy.text(orNull: SampleVocabulary.category.text(ad.category))
        copy.text(orNull: SampleVocabulary.format.text(ad.format))
        copy.text(orNull: SampleVocabulary.creative.text(ad.creative))
        if let price = ad.price { copy.double(price) } else { copy.null() }
        copy.text(orNull: SampleVocabulary.site.text(row.place.site))
        copy.text(orNull: SampleVocabulary.slot.text(row.place.slot))
        copy.text(SampleVocabulary.hours[row.place.hour])
        copy.text(SampleVocabulary.weekdays[row.place.weekday])
        copy.double(row.trueClickProbability)
    }
}

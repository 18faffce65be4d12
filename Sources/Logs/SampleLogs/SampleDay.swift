import Days

/// The counts of one generated day.
public struct SampleDay: Sendable {
    public let day: Day
    public internal(set) var impressions = 0
    /// Impressions with a click within the attribution window, whose label is 1.
    public internal(set) var clickedImpressions = 0
    /// Impressions whose click came only after the window.
    public internal(set) var lateClicks = 0
    /// Clicks written twice.
    public internal(set) var duplicateClicks = 0
    /// Rows in the click table: clicked impressions, late clicks and duplicates.
    public internal(set) var clicksWritten = 0
    /// Sum of the true click probabilities.
    public internal(set) var expectedClicks = 0.0
    /// AUC of the true click probabilities within the day; nil if only one class occurred.
    public var oracleAUC: Double? { oracle.value }
    /// The day's counts behind ``oracleAUC``, to be added up over days.
    public private(set) var oracle = OracleAUC()

    public init(day: Day) {
        self.day = day
    }

    /// Counts one impression of the day, except for ``clicksWritten``.
    public mutating func count(_ row: SampleImpression) {
        impressions += 1
        clickedImpressions += Int(row.label)
        lateClicks += row.isLate ? 1 : 0
        duplicateClicks += row.duplicateDelayMicroseconds == nil ? 0 : 1
        expectedClicks += row.trueClickProbability
        oracle.add(probability: row.trueClickProbability, label: row.label)
    }
}

/// How days of logs are turned into cache files.
public struct ExtractionSettings: Codable, Equatable, Sendable {
    /// Parts of equal length that a day is cut into; each becomes a file, and workers share them. Decides the files'
    /// bytes.
    public var shards: Int
    /// Workers of this process, two connections each.
    public var workers: Int
    /// The job stops before training when a larger share of a day's impressions had to be left out.
    public var rejectedShare: Double
    /// Left-out rows of a day that are kept in `rocket.rejected_rows`; all of them are counted.
    public var rejectedRows: Int
    /// The job stops before training when a larger share of a day's impressions shares its id with others; the job file
    /// has it with the source, `source.repeated_share`.
    public var repeatedShare: Double

    public init(
        shards: Int = 4, workers: Int = 2, rejectedShare: Double = 0.01, rejectedRows: Int = 1_000,
        repeatedShare: Double = 0.01
    ) {
        self.shards = shards
        self.workers = workers
        self.rejectedShare = rejectedShare
        self.rejectedRows = rejectedRows
        self.repeatedShare = repeatedShare
    }
}

/// Where a team's logs are and what their columns are called.
public struct LogSource: Codable, Equatable, Sendable {
    public var impressions: Impressions
    public var clicks: Clicks
    /// How long after its impression a click still counts.
    public var attributionWindow: AttributionWindow
    /// The zone whose midnights cut the log into days; a name PostgreSQL knows (`UTC`, `Asia/Shanghai`).
    public var timeZone: String

    public init(
        impressions: Impressions, clicks: Clicks, attributionWindow: AttributionWindow, timeZone: String = "UTC"
    ) {
        self.impressions = impressions
        self.clicks = clicks
        self.attributionWindow = attributionWindow
        self.timeZone = timeZone
    }

    public struct Impressions: Codable, Equatable, Sendable {
        /// `schema.table` of a table or view.
        public var table: String
        /// Column that clicks refer to.
        public var id: String
        /// Column with the impression's time (`timestamptz`).
        public var time: String

        public init(table: String, id: String, time: String) {
            self.table = table
            self.id = id
            self.time = time
        }
    }

    public struct Clicks: Codable, Equatable, Sendable {
        /// `schema.table` of a table or view.
        public var table: String
        /// Column that names the clicked impression.
        public var impressionID: String
        /// Column with the click's time (`timestamptz`).
        public var time: String

        public init(table: String, impressionID: String, time: String) {
            self.table = table
            self.impressionID = impressionID
            self.time = time
        }
    }
}

/// The time after an impression within which a click is its click: `impression ≤ click < impression + window`.
public struct AttributionWindow: Codable, Hashable, Sendable {
    public var seconds: Int

    public init(seconds: Int) {
        self.seconds = seconds
    }
}

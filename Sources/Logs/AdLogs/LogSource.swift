/// The location of a team's logs and the names of their columns.
public struct LogSource: Codable, Equatable, Sendable {
    public var impressions: Impressions
    public var clicks: Clicks
    /// The time after its impression during which a click counts.
    public var attributionWindow: AttributionWindow
    /// The zone whose midnights divide the log into days; a name that PostgreSQL knows (`UTC`, `Asia/Shanghai`).
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
        /// The columns that clicks refer to.
        public var id: LogKey
        /// Column with the impression's time (`timestamptz`).
        public var time: String
        /// Only rows that meet all of these are impressions.
        public var conditions: [RowCondition]

        public init(table: String, id: LogKey, time: String, conditions: [RowCondition] = []) {
            self.table = table
            self.id = id
            self.time = time
            self.conditions = conditions
        }
    }

    public struct Clicks: Codable, Equatable, Sendable {
        /// `schema.table` of a table or view.
        public var table: String
        /// The columns that name the clicked impression.
        public var impressionID: LogKey
        /// Column with the click's time (`timestamptz`).
        public var time: String
        /// Only rows that meet all of these are clicks.
        public var conditions: [RowCondition]

        public init(table: String, impressionID: LogKey, time: String, conditions: [RowCondition] = []) {
            self.table = table
            self.impressionID = impressionID
            self.time = time
            self.conditions = conditions
        }
    }
}

// Coded by hand, so that a source without conditions keeps the text it had before there were any: specifications are
// found by the hash of that text.
extension LogSource.Impressions {
    private enum CodingKeys: String, CodingKey { case table, id, time, conditions }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        table = try values.decode(String.self, forKey: .table)
        id = try values.decode(LogKey.self, forKey: .id)
        time = try values.decode(String.self, forKey: .time)
        conditions = try values.decodeIfPresent([RowCondition].self, forKey: .conditions) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(table, forKey: .table)
        try values.encode(id, forKey: .id)
        try values.encode(time, forKey: .time)
        if !conditions.isEmpty { try values.encode(conditions, forKey: .conditions) }
    }
}

extension LogSource.Clicks {
    private enum CodingKeys: String, CodingKey { case table, impressionID, time, conditions }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        table = try values.decode(String.self, forKey: .table)
        impressionID = try values.decode(LogKey.self, forKey: .impressionID)
        time = try values.decode(String.self, forKey: .time)
        conditions = try values.decodeIfPresent([RowCondition].self, forKey: .conditions) ?? []
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(table, forKey: .table)
        try values.encode(impressionID, forKey: .impressionID)
        try values.encode(time, forKey: .time)
        if !conditions.isEmpty { try values.encode(conditions, forKey: .conditions) }
    }
}

/// The time after an impression within which a click belongs to it: `impression ≤ click < impression + window`.
public struct AttributionWindow: Codable, Hashable, Sendable {
    public var seconds: Int

    public init(seconds: Int) {
        self.seconds = seconds
    }
}

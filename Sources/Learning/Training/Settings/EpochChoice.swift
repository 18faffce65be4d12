/// How many epochs a training had, and where that number is from; stored with the version.
public struct EpochChoice: Codable, Equatable, Sendable {
    /// Passes over the rows: written into a job file as `training.epochs`, it gives the same weights.
    public var epochs: Double
    public var origin: Origin
    /// Judgements of the search on the held-out rows; empty where none was made.
    public var points: [Point]
    /// The last training day of the night whose search it was; nil: this one's.
    public var searchedFor: String?

    public enum Origin: String, Codable, Sendable {
        /// Written in the job file.
        case written
        /// Found on the held-out rows.
        case searched
        /// Found by the search of an earlier night.
        case reused
        /// Found, but the budget ended the search early.
        case cutShort = "cut_short"
        /// The held-out rows had too few of a class to tell anything.
        case tooFew = "too_few"
    }

    /// Log loss of the held-out rows.
    public struct Point: Codable, Equatable, Sendable {
        public var epochs: Double
        public var light, booster: Double?

        public init(epochs: Double, light: Double?, booster: Double?) {
            self.epochs = epochs
            self.light = light
            self.booster = booster
        }
    }

    public init(
        epochs: Double, origin: Origin, points: [Point] = [], searchedFor: String? = nil
    ) {
        self.epochs = epochs
        self.origin = origin
        self.points = points
        self.searchedFor = searchedFor
    }
}

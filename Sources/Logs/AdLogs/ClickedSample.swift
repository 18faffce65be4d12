import Postgres

/// How many of some impressions are clicked.
public enum ClickedSample: Equatable, Sendable {
    /// There is no impression.
    case empty
    /// Nearly all are clicked.
    case allClicked(rows: Int)
    /// None is clicked.
    case noneClicked(rows: Int)
    /// Some are clicked, and others are not.
    case mixed(rows: Int, clicked: Int)
    /// Counting took longer than it may.
    case unknown(milliseconds: Int)

    public init(rows: Int, clicked: Int) {
        self =
            if rows == 0 {
                .empty
            } else if clicked == 0 {
                .noneClicked(rows: rows)
            } else if Double(clicked) >= Self.nearlyAll * Double(rows) {
                .allClicked(rows: rows)
            } else {
                .mixed(rows: rows, clicked: clicked)
            }
    }

    private static let nearlyAll = 0.99
    /// Fewer impressions may all be clicked by chance.
    private static let leastSample = 20

    /// The error that there is nothing to learn; nil if there may be something.
    public func nothingToLearn(of source: LogSource) -> AdLogError? {
        guard case .allClicked(let rows) = self, rows >= Self.leastSample else { return nil }
        return .allClicked(impressions: source.impressions.table, clicks: source.clicks.table, rows: rows)
    }

    /// What a person should look at; nil if clicked and unclicked impressions were found.
    public func doubt(of source: LogSource) -> String? {
        let (impressions, clicks) = (source.impressions.table, source.clicks.table)
        switch self {
        case .mixed: return nil
        case .empty: return "\(impressions) has no impressions yet, so whether clicks find them is not known"
        case .allClicked(let rows):
            return "\(Self.looked(rows)) of \(impressions) \(rows == 1 ? "is" : "are all") clicked by rows of \(clicks)"
                + (rows < Self.leastSample
                    ? ": too few to tell whether impressions and clicks are different events"
                    : ", so there is nothing to learn")
        case .noneClicked(let rows):
            return "\(Self.looked(rows)) of \(impressions) \(rows == 1 ? "has" : "have") no click in \(clicks) within "
                + "attribution_window: by chance, where clicks are that rare or begin later than the impressions; "
                + "otherwise clicks.impression_id does not hold their ids"
        case .unknown(let milliseconds):
            return "whether clicks find their impressions is not known: counting took longer than "
                + "\(Connection.limit(milliseconds)); indexes on \(source.impressions.id) of \(impressions) and on "
                + "\(source.clicks.impressionID) of \(clicks) make that possible"
        }
    }

    private static func looked(_ rows: Int) -> String {
        rows == 1 ? "the one impression" : "the first \(rows) impressions"
    }
}

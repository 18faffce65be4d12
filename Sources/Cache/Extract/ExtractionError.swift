import Days

/// What can go wrong in an extraction apart from the logs, the database and the disk.
public enum ExtractionError: Error, Equatable, CustomStringConvertible {
    /// The account of a shard does not add up.
    case account(day: Day, part: Int, found: String)

    public var description: String {
        switch self {
        case .account(let day, let part, let found):
            "the account of \(day), part \(part), does not add up: \(found). This is an error of the program, not of the "
                + "logs; the day was not cached. Please report it with this line"
        }
    }
}

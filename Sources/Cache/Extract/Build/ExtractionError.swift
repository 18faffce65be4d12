import Days

/// An error in an extraction that is not one of the logs, the database or the disk.
public enum ExtractionError: Error, Equatable, CustomStringConvertible {
    /// The account of a shard does not add up.
    case account(day: Day, part: Int, found: String)
    /// A file of counts is missing or damaged although it was there moments ago.
    case counts(path: String)

    public var description: String {
        switch self {
        case .counts(let path):
            "\(path): the file of counts is missing or damaged. Run the command again: the day is counted anew"
        case .account(let day, let part, let found):
            "the account of \(day), part \(part), does not add up: \(found). This is a bug in the program, not an "
                + "error in the logs; the day was not cached. Please report it with this line"
        }
    }
}

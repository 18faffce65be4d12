import RocketLaunching

/// What is trained and judged on the same cache: nets in one of the paper's ways, or the model that any net must beat.
public enum Contender: Hashable, Sendable {
    case nets(Arm)
    /// Hashed logistic regression on all features of the cache.
    case logisticRegression
}

extension Contender: RawRepresentable, Codable, CaseIterable {
    /// The name in job files, tables and reports.
    public var rawValue: String {
        switch self {
        case .nets(let arm): arm.rawValue
        case .logisticRegression: LogisticRegression.name
        }
    }

    public init?(rawValue: String) {
        if rawValue == LogisticRegression.name {
            self = .logisticRegression
        } else if let arm = Arm(rawValue: rawValue) {
            self = .nets(arm)
        } else {
            return nil
        }
    }

    public static var allCases: [Contender] { Arm.allCases.map { .nets($0) } + [.logisticRegression] }

    /// Nil: it has no nets.
    public var arm: Arm? {
        guard case .nets(let arm) = self else { return nil }
        return arm
    }
}

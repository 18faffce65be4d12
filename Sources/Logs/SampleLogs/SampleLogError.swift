import Days

/// The reason why a log cannot be generated.
public enum SampleLogError: Error, Equatable, CustomStringConvertible {
    /// A value of the specification is out of range.
    case outOfRange(name: String, value: String, expected: String)
    /// The specification does not cover the day.
    case dayOutside(day: Day, days: ClosedRange<Day>)

    public var description: String {
        switch self {
        case .outOfRange(let name, let value, let expected):
            "sample log: \(name) is \(value), expected \(expected); choose a value in that range"
        case .dayOutside(let day, let days):
            "sample log: \(day) is not one of its days \(days.lowerBound)…\(days.upperBound); choose one of them or "
                + "generate more days"
        }
    }
}

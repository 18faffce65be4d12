import Days

/// One night's work: train on the days before a day, judge on that day.
public struct Night: Equatable, Sendable {
    /// Days trained on, in order; all of them before `evaluatedDay`.
    public var trainingDays: [Day]
    /// The day that the model has not seen.
    public var evaluatedDay: Day
    /// Days of the window without impressions.
    public var missingDays: [Day]

    /// The night with the days after one only, which a model has seen already; nil: the whole night.
    package func after(_ seen: Day?) -> Night {
        guard let seen else { return self }
        return Night(
            trainingDays: trainingDays.filter { $0 > seen }, evaluatedDay: evaluatedDay,
            missingDays: missingDays.filter { $0 > seen })
    }

    /// First and last day trained on.
    public var trained: ClosedRange<Day> {
        (trainingDays.first ?? evaluatedDay)...(trainingDays.last ?? evaluatedDay)
    }
}

/// Decides what a night trains on, from the days that the log holds. A pure value: no clock, no database.
public struct NightPlan: Sendable {
    private let windowDays: Int
    private let present: Set<Day>

    public init(windowDays: Int, present: some Sequence<Day>) {
        self.windowDays = windowDays
        self.present = Set(present)
    }

    /// The days that a night on `evaluated` looks at before it.
    public static func window(before evaluated: Day, days: Int) -> ClosedRange<Day> {
        evaluated.advanced(by: -days)...evaluated.advanced(by: -1)
    }

    /// The night that is judged on `evaluated`; nil when no earlier day of the window has impressions, or the day
    /// itself has none.
    public func night(evaluated: Day) -> Night? {
        guard present.contains(evaluated) else { return nil }
        let window = Self.window(before: evaluated, days: windowDays)
        let training = window.filter(present.contains)
        guard let first = training.first else { return nil }
        // Days before the log began are not missing, they never were.
        let missing = window.filter { $0 > first && !present.contains($0) }
        return Night(trainingDays: training, evaluatedDay: evaluated, missingDays: missing)
    }

    /// Whether a day has impressions.
    package func has(_ day: Day) -> Bool { present.contains(day) }
}

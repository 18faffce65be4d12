import Days

/// A day that has just become valid.
public struct BuiltDay: Sendable {
    public var cached: CachedDay
    /// The day's account; nil if another process led the build.
    public var account: DayAccount?
    /// The files that were valid before.
    public var previous: CachedDay?
    /// Days of the histories' windows that have no impressions, apart from those before the log began.
    public var missingHistory: [Day] = []
    /// How many days the histories' windows have, and how many of them the log.
    public var historyDays = (counted: 0, of: 0)
}

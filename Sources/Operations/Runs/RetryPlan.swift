/// How long to wait before a run whose database went away is begun again: a second, then twice as long each time, a
/// minute at most, until all waiting together would pass what is allowed. A pure value.
package struct RetryPlan: Equatable {
    private let allowed: Duration
    private var waited = Duration.zero
    private var next = Duration.seconds(1)

    package static let longestPause = Duration.seconds(60)

    /// - Parameter allowed: all pauses together; zero: no second try.
    package init(allowed: Duration) {
        self.allowed = allowed
    }

    /// The next pause; nil: enough has been waited.
    package mutating func pause() -> Duration? {
        guard waited < allowed else { return nil }
        let pause = min(next, allowed - waited)
        waited += pause
        next = min(next * 2, Self.longestPause)
        return pause
    }
}

import Foundation
import Synchronization

/// A wish to stop, usually from a signal. Work asks for it between its pieces, keeps what it has and ends with
/// `JobError.interrupted`.
public final class Interruption: Sendable {
    private let requested = Mutex<Int32?>(nil)

    public init() {}

    /// Asks the work to stop.
    ///
    /// - Parameter signal: the number of the signal that says so.
    public func request(signal: Int32) {
        requested.withLock { $0 = signal }
    }

    package var isRequested: Bool { requested.withLock { $0 != nil } }

    /// - Throws: `JobError.interrupted` once it was asked for.
    package func check() throws {
        if let signal = requested.withLock({ $0 }) { throw JobError.interrupted(signal: signal) }
    }

    /// Waits, unless it is asked for meanwhile.
    ///
    /// - Throws: `JobError.interrupted`.
    package func sleep(_ duration: Duration) throws {
        let end = ContinuousClock.now + duration
        while ContinuousClock.now < end {
            try check()
            usleep(20_000)
        }
        try check()
    }
}

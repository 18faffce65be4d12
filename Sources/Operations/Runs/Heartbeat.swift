import Dispatch

/// Says every few seconds that a run's process is there, and looks whether its locks are. Ends with its last reference.
final class Heartbeat {
    private let timer: any DispatchSourceTimer

    static let interval = DispatchTimeInterval.seconds(10)

    init(of runID: Int, in ledger: RunLedger) {
        let timer = DispatchSource.makeTimerSource(queue: DispatchQueue(label: "rocket.heartbeat"))
        timer.schedule(deadline: .now() + Self.interval, repeating: Self.interval)
        timer.setEventHandler {
            ledger.session.verify()
            // A beat that is missed says what it should: the next one comes, or the run has lost its database.
            try? ledger.beat(runID: runID)
        }
        timer.resume()
        self.timer = timer
    }

    deinit { timer.cancel() }
}

import Dispatch
import Synchronization

/// A few batches on their way from the thread that reads and cuts them to the one that trains on them.
package final class BatchQueue: Sendable {
    private struct State {
        var waiting: [InputRows] = []
        var failure: (any Error)?
        var isAbandoned = false
    }

    private let state = Mutex(State())
    private let places: DispatchSemaphore
    private let filled = DispatchSemaphore(value: 0)
    private let ended = DispatchSemaphore(value: 0)

    init(capacity: Int) {
        places = DispatchSemaphore(value: 0)
        for _ in 0..<capacity { places.signal() }
    }

    // MARK: The reading side

    /// Waits for a place. False: nobody wants more.
    func put(_ batch: InputRows) -> Bool {
        places.wait()
        let isWanted = state.withLock { state in
            state.waiting.append(batch)
            return !state.isAbandoned
        }
        filled.signal()
        return isWanted
    }

    /// No more will come.
    func complete(_ failure: (any Error)?) {
        state.withLock { $0.failure = failure }
        filled.signal()
        ended.signal()
    }

    // MARK: The training side

    /// The next batch, in the order in which they were put; nil after the last.
    ///
    /// - Throws: what ended the reading, after the batches before it.
    package func next() throws -> InputRows? {
        filled.wait()
        let batch = try state.withLock { state -> InputRows? in
            if !state.waiting.isEmpty { return state.waiting.removeFirst() }
            if let failure = state.failure { throw failure }
            return nil
        }
        places.signal()
        return batch
    }

    /// Lets the reading side end, and waits for it.
    func abandon() {
        state.withLock { $0.isAbandoned = true }
        places.signal()
        ended.wait()
    }
}

import Foundation

/// A few batches on their way from the thread that reads and cuts them to the one that trains on them.
///
/// `condition` guards everything else. It is a condition of pthreads and not a `Mutex`, because ThreadSanitizer sees
/// the order that it makes; handing over one batch per step costs nothing.
package final class BatchQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    private var waiting: [InputRows] = []
    /// Whether no more will come, and what ended the reading.
    private var isComplete = false
    private var failure: (any Error)?
    private var isAbandoned = false

    init(capacity: Int) {
        self.capacity = capacity
    }

    // MARK: The reading side

    /// Waits for a place. False: nobody wants more.
    func put(_ batch: InputRows) -> Bool {
        changing {
            while waiting.count >= capacity, !isAbandoned { condition.wait() }
            waiting.append(batch)
            return !isAbandoned
        }
    }

    /// No more will come.
    func complete(_ failure: (any Error)?) {
        changing {
            self.failure = failure
            isComplete = true
        }
    }

    // MARK: The training side

    /// The next batch, in the order in which they were put; nil after the last.
    ///
    /// - Throws: what ended the reading, after the batches before it.
    package func next() throws -> InputRows? {
        try changing {
            while waiting.isEmpty, !isComplete { condition.wait() }
            if !waiting.isEmpty { return waiting.removeFirst() }
            if let failure { throw failure }
            return nil
        }
    }

    /// Lets the reading side end, and waits for it.
    func abandon() {
        changing {
            isAbandoned = true
            condition.broadcast()
            while !isComplete { condition.wait() }
        }
    }

    /// Looks at the state and changes it, and wakes the other side.
    private func changing<Result>(_ body: () throws -> Result) rethrows -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return try body()
    }
}

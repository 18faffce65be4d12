import CDNNL
import Dispatch
import Synchronization

/// Runs a fixed number of parts on a number of threads. Which thread takes a part changes nothing about the result, as
/// long as a part writes only what belongs to it.
public struct Parallel: Sendable {
    public let threads: Int

    public init(threads: Int) {
        self.threads = max(1, threads)
    }

    /// Calls `body` once for each part, in about their order, and returns when all are done.
    public func perform(parts: Int, _ body: @Sendable (Int) -> Void) {
        let workers = min(threads, parts)
        if workers <= 1 {
            Self.useOneThreadHere()
            for part in 0..<parts { body(part) }
            return
        }
        // Whoever is free takes the next part, so that a part that takes long holds nobody up but the last.
        let next = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: workers) { _ in
            Self.useOneThreadHere()
            while true {
                let part = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard part < parts else { return }
                body(part)
            }
        }
    }

    /// Keeps the matrix library from starting threads of its own when this thread calls it.
    public static func useOneThreadHere() {
        omp_set_num_threads(1)
    }

    /// Runs a body, then gives this thread back the number of OpenMP's threads that it had: in a thread that belongs to
    /// another program, loops of its own must not run on one thread ever after.
    public static func restoringThreads<Result, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let threads = omp_get_max_threads()
        defer { omp_set_num_threads(threads) }
        return try body()
    }
}

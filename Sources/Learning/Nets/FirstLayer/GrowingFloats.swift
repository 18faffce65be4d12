import Arrays
import Synchronization

/// Floats for one batch at a time. They grow where a batch needs more than those before it, and lose what they held.
package final class GrowingFloats: @unchecked Sendable {
    package private(set) var array: FloatArray
    /// The most that will ever be asked for.
    private let most: Int

    package init(_ array: FloatArray = FloatArray(count: 0), most: Int = .max) {
        self.array = array
        self.most = most
    }

    package func reserve(_ count: Int) {
        // Batches differ a little; a step that grows should be rare.
        if count > array.count { array = FloatArray(count: min(most, count * 5 / 4)) }
    }
}

/// The same in bf16.
final class GrowingBFloat16: @unchecked Sendable {
    private(set) var array = BFloat16Array(count: 0)

    func reserve(_ count: Int) {
        if count > array.count { array = BFloat16Array(count: count * 5 / 4) }
    }
}

/// Floats that threads borrow for a piece of work.
final class ScratchFloats: Sendable {
    private let free = Mutex<[GrowingFloats]>([])

    /// - Parameter body: is given at least as many floats, which hold anything.
    func lend(_ count: Int, _ body: (UnsafeMutablePointer<Float>) -> Void) {
        let floats = free.withLock { $0.popLast() } ?? GrowingFloats()
        floats.reserve(count)
        floats.array.lend(body)
        free.withLock { $0.append(floats) }
    }
}

import Synchronization

/// Where the time of training goes: time that threads spent in each part of the step, added up.
public final class StepProfile: Sendable {
    /// The parts of a step.
    public enum Part: Int, CaseIterable, Sendable {
        /// Reading, decoding and shuffling blocks, cutting batches.
        case read
        /// Embeddings and numerics to the nets' input.
        case gather
        /// Forward, backward and the parameters' gradient of the light net, and of the booster.
        case light, booster
        /// All work for light nets beyond the first: their layers, rows and updates.
        case otherLights
        /// The losses of all nets and the hint, with its derivatives.
        case hint
        /// The embeddings' gradients, added up by id, and their rows' update.
        case scatter
        /// Dense parameters.
        case optimiser
        /// Waiting for other ranks, and what is sent to them.
        case exchange
    }

    private let counters: [Counter]

    private final class Counter: Sendable {
        let nanoseconds = Atomic<Int>(0)
    }

    public init() {
        counters = Part.allCases.map { _ in Counter() }
    }

    /// Runs a piece of work and counts its time.
    @inlinable @inline(__always)
    package func time<Result>(_ part: Part, _ work: () throws -> Result) rethrows -> Result {
        let start = ContinuousClock.now
        defer {
            add(ContinuousClock.now - start, to: part)
        }
        return try work()
    }

    @usableFromInline
    func add(_ time: Duration, to part: Part) {
        counters[part.rawValue].nanoseconds.wrappingAdd(
            Int(time.components.attoseconds / 1_000_000_000), ordering: .relaxed)
    }

    /// Seconds of all threads together.
    public func seconds(_ part: Part) -> Double {
        Double(counters[part.rawValue].nanoseconds.load(ordering: .relaxed)) / 1e9
    }
}

import AllocationCount
import Arrays
import FeatureCache
import Nets
import Testing
import Training
import TrainingSupport

/// Memory for a step is there before the first one.
@Suite(.enabled(if: allocation_count_works() != 0, "a sanitizer has its own allocator"))
struct AllocationTests {
    @Test(
        "A step after the first few asks for no memory, except the matrix library for its packed operands",
        arguments: [World.nets, World.partNets, World.noisyNets], FieldWays.clipped)
    func steps(_ nets: NetSpecification, _ mode: (clip: Double?, ways: FieldWays)) throws {
        // Allocations are counted by thread, and with one thread a step stays on its caller's.
        let trainer = World.trainer(layout: World.unequalLayout, nets: nets, clip: mode.clip, ways: mode.ways)
        let batches = (0..<4).map { InputRows(World.batch(rows: 32, seed: UInt64($0))) }
        for batch in batches { _ = try trainer.step(batch, progress: 0) }
        var byLibrary = 0
        allocation_count_library("libdnnl")
        allocation_count_begin()
        for batch in batches { _ = try trainer.step(batch, progress: 0.5) }
        let count = allocation_count_end(&byLibrary)
        #expect(count == 0)
    }

    @Test("The counter counts")
    func counter() {
        var byLibrary = 0
        allocation_count_begin()
        let array = FloatArray(count: 1_000)
        #expect(array.count == 1_000)
        #expect(allocation_count_end(&byLibrary) >= 2)
        #expect(byLibrary == 0)
    }
}

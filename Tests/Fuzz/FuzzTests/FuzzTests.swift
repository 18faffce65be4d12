import Foundation
import FuzzInputs
import Testing

/// The short form of `Tests/Fuzz/run`: the first inputs of each target, in the build that the tests run in.
@Suite struct FuzzTests {
    static let runs = ProcessInfo.processInfo.environment["ROCKET_FUZZ_RUNS"].flatMap { UInt64($0) } ?? 1_000

    @Test("A spoiled input ends in an error of its module or is read right", arguments: FuzzTarget.all.map(\.name))
    func inputs(_ name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let (inputs, refused) = try target.run(0..<Self.runs)
        #expect(inputs == Int(Self.runs))
        // The mutator reaches both the checks and what lies behind them.
        #expect(refused > inputs / 20 && refused < inputs)
    }
}

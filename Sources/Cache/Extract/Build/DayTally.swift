import FeatureCache
import Features
import Foundation
import Synchronization

/// A count of the contents of a day's shards, feature by feature. The order in which shards are added does not matter.
final class DayTally: Sendable {
    private let features: FeatureSpecification
    private let state: Mutex<State>

    private struct State {
        var paths: Set<String> = []
        var tally: ShardTally
    }

    init(_ features: FeatureSpecification) {
        self.features = features
        state = Mutex(State(tally: ShardTally(features)))
    }

    /// Counts a shard of this process.
    func add(_ path: String, _ tally: ShardTally) {
        state.withLock { state in
            if state.paths.insert(path).inserted { state.tally.add(tally) }
        }
    }

    /// Counts a file that another process made, unless it was counted already.
    func add(fileAt path: String) throws {
        guard !state.withLock({ $0.paths.contains(path) }) else { return }
        let reader = try CacheReader(path: path)
        var tally = ShardTally(features)
        for number in 0..<reader.blockCount { tally.add(try reader.block(number)) }
        tally.add(reader.header.numerics)
        add(path, tally)
    }

    /// Rows of the files that share their id with another one, once all files are counted.
    var sharedIDs: Int { state.withLock { $0.tally.keys.shared(of: $0.tally.rows) } }

    /// Returns the statistics, once all files are counted.
    ///
    /// - Parameter history: The history of earlier cached days.
    func finish(_ history: FeatureHistory) throws -> [FeatureStatistics] {
        try state.withLock { state in
            let tally = state.tally
            let fields = try zip(features.fields, tally.fields).map { feature, field in
                try field.statistics(feature, rows: tally.rows, history)
            }
            let numerics = zip(features.numerics, tally.numerics).map { feature, numeric in
                numeric.statistics(feature, rows: tally.rows, history)
            }
            return fields + numerics
        }
    }
}

import Arrays
import Collectives
import Foundation
import Nets
import RankedTraining
import Synchronization
import Training

/// Ranks that are threads of this process and exchange by memory: what a group under MPI does, without one.
///
/// `condition` guards the messages and the results; ThreadSanitizer sees the order that it makes.
final class ThreadRanks: @unchecked Sendable {
    private struct Message {
        var floats: [Float] = []
        var words: [UInt32] = []
    }

    private let condition = NSCondition()
    /// By operation, sender and receiver.
    private var messages: [String: Message] = [:]
    private var ended = 0
    private let ranks: Int

    private init(ranks: Int) {
        self.ranks = ranks
    }

    struct Lost: Error {}

    /// Runs the body once a rank, each on a thread of its own, and returns what they return, by rank.
    static func run<Result: Sendable>(
        _ ranks: Int, _ body: @escaping @Sendable (any Collective) throws -> Result
    ) throws -> [Result] {
        let group = ThreadRanks(ranks: ranks)
        let results = Results<Result>(ranks: ranks)
        for rank in 0..<ranks {
            let thread = Thread {
                let member = Member(group, rank: rank)
                let result = Swift.Result { try body(member) }
                group.changing {
                    results.all[rank] = result
                    group.ended += 1
                }
            }
            thread.stackSize = 8 << 20
            thread.start()
        }
        return try group.changing {
            while group.ended < ranks { group.condition.wait() }
            return try results.all.compactMap { try $0?.get() }
        }
    }

    /// What the ranks return, guarded by the group's condition.
    private final class Results<Result>: @unchecked Sendable {
        var all: [Swift.Result<Result, any Error>?]

        init(ranks: Int) {
            all = Array(repeating: nil, count: ranks)
        }
    }

    private func changing<Result>(_ body: () throws -> Result) rethrows -> Result {
        condition.lock()
        defer {
            condition.broadcast()
            condition.unlock()
        }
        return try body()
    }

    private func put(_ message: Message, _ key: String) {
        changing { messages[key] = message }
    }

    private func take(_ key: String) throws -> Message {
        let end = Date.now.addingTimeInterval(20)
        return try changing {
            while true {
                if let message = messages.removeValue(forKey: key) { return message }
                guard condition.wait(until: end) else { throw Lost() }
            }
        }
    }

    private final class Member: Collective {
        let rank: Int
        private let group: ThreadRanks
        private let operations = Atomic<Int>(0)
        private let sent = Atomic<Int>(0)

        init(_ group: ThreadRanks, rank: Int) {
            self.group = group
            self.rank = rank
        }

        var ranks: Int { group.ranks }
        var hosts: [String] { (0..<ranks).map { "host\($0)" } }
        var bytesSent: Int { sent.load(ordering: .relaxed) }
        func progress() {}
        func barrier() throws { _ = try gather([]) }

        private func next() -> Int { operations.wrappingAdd(1, ordering: .relaxed).newValue }

        private func send(_ message: Message, _ operation: Int, to peer: Int) {
            if peer != rank { sent.wrappingAdd(4 * (message.floats.count + message.words.count), ordering: .relaxed) }
            group.put(message, "\(operation) \(rank) \(peer)")
        }

        private func receive(_ operation: Int, from peer: Int) throws -> Message {
            try group.take("\(operation) \(peer) \(rank)")
        }

        func startAllToAll(
            _ floats: FloatArray, _ counts: [Int], into received: FloatArray, _ receivedCounts: [Int]
        ) throws -> any Transfer {
            let operation = next()
            var start = 0
            for (peer, count) in counts.enumerated() {
                send(Message(floats: (start..<start + count).map { floats[$0] }), operation, to: peer)
                start += count
            }
            return Pending {
                var start = 0
                for (peer, count) in receivedCounts.enumerated() {
                    let values = try self.receive(operation, from: peer).floats
                    precondition(values.count == count)
                    received.copy(FloatArray(values), from: 0, to: start, count: count)
                    start += count
                }
                return []
            }
        }

        func startAllToAll(_ words: [[UInt32]], receiving counts: [Int]) throws -> any WordTransfer {
            let operation = next()
            for (peer, words) in words.enumerated() { send(Message(words: words), operation, to: peer) }
            return Pending {
                try counts.enumerated().map { peer, count in
                    let words = try self.receive(operation, from: peer).words
                    precondition(words.count == count)
                    return words
                }
            }
        }

        func startAllGather(_ floats: FloatArray, _ counts: [Int]) throws -> any Transfer {
            let operation = next()
            let starts = counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + $1) }
            let own = (starts[rank]..<starts[rank + 1]).map { floats[$0] }
            for peer in 0..<ranks where peer != rank { send(Message(floats: own), operation, to: peer) }
            return Pending {
                for peer in 0..<self.ranks where peer != self.rank {
                    let values = try self.receive(operation, from: peer).floats
                    floats.copy(FloatArray(values), from: 0, to: starts[peer], count: values.count)
                }
                return []
            }
        }

        func broadcast(_ bytes: [UInt8], _ patience: Patience) throws -> [UInt8] { try gather(bytes)[0] }
    }

    private final class Pending: Transfer, WordTransfer {
        private let finish: () throws -> [[UInt32]]

        init(_ finish: @escaping () throws -> [[UInt32]]) {
            self.finish = finish
        }

        func wait() throws { _ = try finish() }
        func wait(_ patience: Patience) throws -> [[UInt32]] { try finish() }
    }
}

extension Collective {
    var peers: any Peers { isShared ? RankPeers(self) : Alone() }
}

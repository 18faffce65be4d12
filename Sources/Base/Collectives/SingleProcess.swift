import Arrays

/// A group of one rank: nothing is sent, nothing is waited for.
public final class SingleProcess: Collective {
    public let rank = 0
    public let ranks = 1
    public let hosts: [String]
    public let bytesSent = 0

    public init(host: String = "") {
        hosts = [host]
    }

    public func startAllToAll(
        _ floats: FloatArray, _ counts: [Int], into received: FloatArray, _ receivedCounts: [Int]
    ) -> any Transfer {
        received.copy(floats, from: 0, to: 0, count: counts[0])
        return Done(words: [])
    }

    public func startAllToAll(_ words: [[UInt32]], receiving counts: [Int]) -> any WordTransfer {
        Done(words: words)
    }

    public func startAllGather(_ floats: FloatArray, _ counts: [Int]) -> any Transfer { Done(words: []) }

    public func broadcast(_ bytes: [UInt8], _ patience: Patience) -> [UInt8] { bytes }

    public func barrier() {}

    public func progress() {}

    private final class Done: Transfer, WordTransfer {
        private let words: [[UInt32]]

        init(words: [[UInt32]]) {
            self.words = words
        }

        func wait() {}
        func wait(_ patience: Patience) -> [[UInt32]] { words }
    }
}

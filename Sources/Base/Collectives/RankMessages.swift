import Arrays
import Foundation

/// The pending messages of one collective operation, to and from every other rank.
///
/// Each pair of ranks matches its messages in the order they were posted, which is the same on all ranks; so operations
/// may overlap.
final class RankMessages: Transfer, WordTransfer {
    private let wire: Wire
    private let hosts: [String]
    private let timeout: Duration
    private var pending: [(request: OpaquePointer?, peer: Int, call: String)] = []
    /// The arrays that MPI may still read or write.
    private var floats: [FloatArray] = []
    private var outgoing: [UnsafeMutableBufferPointer<UInt32>] = []
    private var incoming: [UnsafeMutableBufferPointer<UInt32>] = []

    /// The longest message in bytes: MPI counts in `int`, and each message that arrives is a sign of life.
    private static let longest = 1 << 26

    init(_ wire: Wire, hosts: [String], timeout: Duration) {
        self.wire = wire
        self.hosts = hosts
        self.timeout = timeout
    }

    deinit {
        // MPI may still write to this memory, so it is leaked: the group is ending anyway.
        guard pending.isEmpty else {
            for array in floats { _ = Unmanaged.passRetained(array) }
            return
        }
        for buffer in outgoing + incoming { buffer.deallocate() }
    }

    private var peers: [Int] { (1..<wire.ranks).map { (wire.rank + $0) % wire.ranks } }

    // MARK: Posting

    func start(_ sent: FloatArray, _ counts: [Int], into received: FloatArray, _ receivedCounts: [Int]) throws {
        let (starts, receivedStarts) = (Self.starts(counts), Self.starts(receivedCounts))
        precondition(starts[wire.ranks] <= sent.count && receivedStarts[wire.ranks] <= received.count)
        floats = [sent, received]
        for peer in peers.reversed() {
            try received.lend { try post(receive: $0 + receivedStarts[peer], 4 * receivedCounts[peer], from: peer) }
        }
        for peer in peers {
            try sent.lend { try post(send: $0 + starts[peer], 4 * counts[peer], to: peer) }
        }
        received.copy(sent, from: starts[wire.rank], to: receivedStarts[wire.rank], count: counts[wire.rank])
    }

    func start(gathering values: FloatArray, _ counts: [Int]) throws {
        let starts = Self.starts(counts)
        precondition(starts[wire.ranks] <= values.count)
        floats = [values]
        for peer in peers.reversed() {
            try values.lend { try post(receive: $0 + starts[peer], 4 * counts[peer], from: peer) }
        }
        for peer in peers {
            try values.lend { try post(send: $0 + starts[wire.rank], 4 * counts[wire.rank], to: peer) }
        }
    }

    func start(_ words: [[UInt32]], receiving counts: [Int]) throws {
        outgoing = words.map { words in
            let copy = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: words.count)
            _ = copy.initialize(from: words)
            return copy
        }
        incoming = counts.enumerated().map { rank, count in
            let buffer = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: count)
            buffer.initialize(repeating: 0)
            return buffer
        }
        for peer in peers.reversed() { try post(receive: incoming[peer].baseAddress, 4 * counts[peer], from: peer) }
        for peer in peers { try post(send: outgoing[peer].baseAddress, 4 * words[peer].count, to: peer) }
        for (index, word) in words[wire.rank].enumerated() { incoming[wire.rank][index] = word }
    }

    private static func starts(_ counts: [Int]) -> [Int] {
        counts.reduce(into: [0]) { $0.append(($0.last ?? 0) + $1) }
    }

    /// Posts no message for zero bytes: both sides know the counts.
    private func post(receive target: UnsafeMutableRawPointer?, _ bytes: Int, from peer: Int) throws {
        for start in stride(from: 0, to: bytes, by: Self.longest) {
            var request: OpaquePointer?
            try wire.call("MPI_Irecv") { library in
                library.receive(
                    target.map { $0 + start }, CInt(min(bytes - start, Self.longest)), library.byte, CInt(peer),
                    Self.tag, library.world, &request)
            }
            pending.append((request, peer, "MPI_Irecv"))
        }
    }

    private func post(send source: UnsafeMutableRawPointer?, _ bytes: Int, to peer: Int) throws {
        for start in stride(from: 0, to: bytes, by: Self.longest) {
            var request: OpaquePointer?
            try wire.call("MPI_Isend") { library in
                library.send(
                    source.map { UnsafeRawPointer($0) + start }, CInt(min(bytes - start, Self.longest)), library.byte,
                    CInt(peer), Self.tag, library.world, &request)
            }
            pending.append((request, peer, "MPI_Isend"))
        }
        wire.sent.wrappingAdd(bytes, ordering: .relaxed)
    }

    private static let tag: CInt = 1

    // MARK: Waiting

    func wait() throws { try waitForAll(.bounded) }

    func wait(_ patience: Patience) throws -> [[UInt32]] {
        try waitForAll(patience)
        return incoming.map { Array($0) }
    }

    /// Polls, since MPI makes progress only inside calls: at first without a pause, then with ever longer ones, so that
    /// waiting ranks leave the cores to those that compute.
    private func waitForAll(_ patience: Patience) throws {
        var start = ContinuousClock.now
        var polls = 0
        while true {
            let count = pending.count
            try test()
            if pending.isEmpty { return }
            if pending.count < count { start = .now }
            polls += 1
            if polls < 200 { continue }
            let waited = ContinuousClock.now - start
            if waited < .milliseconds(5) {
                sched_yield()
            } else {
                usleep(patience == .unbounded && waited > .seconds(1) ? 20_000 : 50)
            }
            let limit = timeout * (patience == .long ? 10 : 1)
            if patience != .unbounded, waited > limit { throw wire.broken(lost(after: waited)) }
        }
    }

    /// Removes the messages that have arrived.
    private func test() throws {
        for index in pending.indices.reversed() {
            var done: CInt = 0
            try wire.call(pending[index].call) { $0.test(&pending[index].request, &done, nil) }
            if done != 0 { pending.remove(at: index) }
        }
    }

    /// The ranks that sent nothing or, if everything arrived, those that took nothing.
    private func lost(after waited: Duration) -> CollectiveError {
        let silent = pending.filter { $0.call == "MPI_Irecv" }
        let peers = Set((silent.isEmpty ? pending : silent).map(\.peer)).filter { $0 >= 0 }.sorted()
        return .lost(
            ranks: peers, hosts: peers.map { hosts.indices.contains($0) ? hosts[$0] : "?" },
            seconds: waited / .seconds(1))
    }

    // MARK: Broadcast

    func broadcast(_ bytes: [UInt8], _ patience: Patience) throws -> [UInt8] {
        let length = try broadcast(whole: withUnsafeBytes(of: UInt64(bytes.count).littleEndian) { Array($0) }, patience)
        let count = length.enumerated().reduce(0) { $0 | Int($1.element) << (8 * $1.offset) }
        return try broadcast(whole: wire.rank == 0 ? bytes : [UInt8](repeating: 0, count: count), .bounded)
    }

    /// Broadcasts bytes whose count all ranks know.
    private func broadcast(whole bytes: [UInt8], _ patience: Patience) throws -> [UInt8] {
        let words = UnsafeMutableBufferPointer<UInt32>.allocate(capacity: (bytes.count + 3) / 4)
        words.initialize(repeating: 0)
        outgoing.append(words)
        let buffer = UnsafeMutableRawBufferPointer(words)
        buffer.copyBytes(from: bytes)
        for start in stride(from: 0, to: bytes.count, by: Self.longest) {
            var request: OpaquePointer?
            try wire.call("MPI_Ibcast") { library in
                library.broadcast(
                    buffer.baseAddress.map { $0 + start }, CInt(min(bytes.count - start, Self.longest)), library.byte,
                    0, library.world, &request)
            }
            // Which of the other ranks did not take it is unknown.
            pending.append((request, wire.rank == 0 ? -1 : 0, "MPI_Ibcast"))
        }
        if wire.rank == 0 { wire.sent.wrappingAdd(bytes.count, ordering: .relaxed) }
        try waitForAll(patience)
        return Array(buffer.prefix(bytes.count))
    }
}

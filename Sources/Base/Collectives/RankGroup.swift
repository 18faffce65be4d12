import Arrays
import Foundation
import Synchronization

/// The ranks that `mpirun` started, as one group under Open MPI. One thread at a time may call it.
public final class RankGroup: Collective {
    private let wire: Wire
    private let timeout: Mutex<Duration>
    public let hosts: [String]

    /// Joins the group that this process was started in; nil if it was started alone.
    ///
    /// - Parameter timeout: How long to wait for a rank that does not answer.
    /// - Throws: `CollectiveError.unavailable` when there should be a group and Open MPI is not installed.
    public static func join(timeout: Duration = usualTimeout) throws -> RankGroup? {
        guard let ranks = LaunchedRanks.fromEnvironment, ranks.count > 1 else { return nil }
        return try RankGroup(ranks: ranks.count, timeout: timeout)
    }

    private init(ranks: Int, timeout: Duration) throws {
        wire = try Wire()
        guard wire.ranks == ranks else {
            throw CollectiveError.unavailable(
                reason: "Open MPI sees \(wire.ranks) ranks where the launcher has started \(ranks)")
        }
        self.timeout = Mutex(timeout)
        let name = Array(ProcessInfo.processInfo.hostName.utf8).prefix(Self.longestHost)
        let padded = FloatArray(count: Self.longestHost * wire.ranks)
        for (index, byte) in name.enumerated() { padded[wire.rank * Self.longestHost + index] = Float(byte) }
        let messages = RankMessages(wire, hosts: [], timeout: timeout)
        try messages.start(gathering: padded, [Int](repeating: Self.longestHost, count: wire.ranks))
        try messages.wait()
        hosts = (0..<wire.ranks).map { rank in
            let line = rank * Self.longestHost..<(rank + 1) * Self.longestHost
            return String(decoding: line.map { UInt8(padded[$0]) }.filter { $0 > 0 }, as: UTF8.self)
        }
    }

    private static let longestHost = 64

    /// The default time to wait for a rank that does not answer.
    public static let usualTimeout = Duration.seconds(60)

    public var rank: Int { wire.rank }
    public var ranks: Int { wire.ranks }
    public var bytesSent: Int { wire.sent.load(ordering: .relaxed) }

    /// Whether an operation has failed: the ranks no longer agree on where they are.
    public var isBroken: Bool { wire.failure.withLock { $0 != nil } }

    /// Sets how long to wait for a rank that does not answer, from now on.
    public func setTimeout(_ duration: Duration) {
        timeout.withLock { $0 = duration }
    }

    /// Leaves the group; all ranks must do so together, or `mpirun` takes it for a failure.
    public func leave() throws {
        try wire.call("MPI_Finalize") { $0.finalise() }
    }

    public func startAllToAll(
        _ floats: FloatArray, _ counts: [Int], into received: FloatArray, _ receivedCounts: [Int]
    ) throws -> any Transfer {
        let messages = messages()
        try messages.start(floats, counts, into: received, receivedCounts)
        return messages
    }

    public func startAllToAll(_ words: [[UInt32]], receiving counts: [Int]) throws -> any WordTransfer {
        let messages = messages()
        try messages.start(words, receiving: counts)
        return messages
    }

    public func startAllGather(_ floats: FloatArray, _ counts: [Int]) throws -> any Transfer {
        let messages = messages()
        try messages.start(gathering: floats, counts)
        return messages
    }

    public func broadcast(_ bytes: [UInt8], _ patience: Patience) throws -> [UInt8] {
        try messages().broadcast(bytes, patience)
    }

    public func barrier() throws {
        _ = try gather([])
    }

    public func progress() { wire.progress() }

    private func messages() -> RankMessages {
        RankMessages(wire, hosts: hosts, timeout: timeout.withLock { $0 })
    }
}

/// The library, and this process's place in the group.
final class Wire: Sendable {
    let library: OpenMPILibrary
    let rank, ranks: Int
    /// Bytes.
    let sent = Atomic<Int>(0)
    /// The failure that broke up the group.
    let failure = Mutex<CollectiveError?>(nil)
    /// Held by the thread that calls the library.
    private let turn = Mutex(())

    init() throws {
        library = try OpenMPILibrary()
        // On learning of another rank's death, a rank would report it to mpirun and wait for the answer, which does not
        // come while mpirun is ending the job; this rank prints its own message.
        setenv("OMPI_MCA_orte_execute_quiet", "1", 0)
        var (given, rank, ranks) = (CInt(0), CInt(0), CInt(0))
        try library.check(library.initialise(nil, nil, OpenMPILibrary.serialised, &given), "MPI_Init_thread")
        guard given >= OpenMPILibrary.serialised else {
            throw CollectiveError.unavailable(reason: "its Open MPI is built without support for threads")
        }
        try library.check(library.setErrorHandler(library.world, library.errorsReturn), "MPI_Comm_set_errhandler")
        try library.check(library.rank(library.world, &rank), "MPI_Comm_rank")
        try library.check(library.size(library.world, &ranks), "MPI_Comm_size")
        (self.rank, self.ranks) = (Int(rank), Int(ranks))
    }

    /// Makes one call to the library, by one thread at a time.
    ///
    /// - Throws: `CollectiveError.mpi` unless the call succeeded.
    func call(_ name: String, _ body: (OpenMPILibrary) -> CInt) throws {
        if let failure = failure.withLock({ $0 }) { throw failure }
        let code = turn.withLock { _ in body(library) }
        do { try library.check(code, name) } catch { throw broken(error) }
    }

    /// Records what broke up the group: nothing can be waited for after that.
    func broken(_ error: CollectiveError) -> CollectiveError {
        failure.withLock { $0 = $0 ?? error }
        return error
    }

    /// Probes for messages, which drives pending transfers; returns at once while another thread does.
    func progress() {
        _ = turn.withLockIfAvailable { _ in
            var found: CInt = 0
            _ = library.probe(OpenMPILibrary.any, OpenMPILibrary.any, library.world, &found, nil)
        }
    }
}

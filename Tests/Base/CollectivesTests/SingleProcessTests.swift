import Arrays
import Collectives
import Testing

/// A group of one rank, which needs no library.
@Suite struct SingleProcessTests {
    struct Broken: Error, Equatable {}

    @Test("What is sent to all ranks comes back as it was, and nothing is counted as sent")
    func echoes() throws {
        let group: any Collective = SingleProcess(host: "here")
        #expect(group.hosts == ["here"] && !group.isShared)
        #expect(try group.broadcast([1, 2, 3], .bounded) == [1, 2, 3])
        #expect(try group.gather([4, 5]) == [[4, 5]])
        #expect(try group.startAllToAll([[7, 8]], receiving: [2]).wait() == [[7, 8]])
        let (sent, received) = (FloatArray([1, 2, 3]), FloatArray(count: 3))
        try group.startAllToAll(sent, [2], into: received, [2]).wait()
        #expect((0..<3).map { received[$0] } == [1, 2, 0])
        #expect(group.bytesSent == 0)
    }

    @Test("Gathered numbers keep every bit, those that are no numbers included", arguments: [1, 3])
    func numbers(_ count: Int) throws {
        let values = [-0.0, .infinity, .leastNonzeroMagnitude].prefix(count)
        let gathered = try SingleProcess().startGather(Array(values)).wait()
        #expect(gathered[0].map(\.bitPattern) == values.map(\.bitPattern))
        #expect(try SingleProcess().startGather([.nan]).sum()[0].isNaN)
    }

    @Test("A failure of the only rank is thrown as it is, and no failure as nothing")
    func agreement() throws {
        let group: any Collective = SingleProcess()
        #expect(throws: Broken()) { try group.agree(Broken()) }
        #expect(throws: Broken()) { try group.together { throw Broken() } }
        try group.agree(nil)
        #expect(try group.together { 5 } == 5)
        #expect(try group.first("reason") == "reason" && group.first(nil) == nil)
    }
}

@Suite struct CollectiveErrorTests {
    @Test("A rank that said why it could not continue leaves the group whole; what the network does breaks it")
    func breaking() {
        #expect(!CollectiveError.failed(rank: 1, host: "b", reason: "disk").breaksGroup)
        #expect(CollectiveError.lost(ranks: [1], hosts: ["b"], seconds: 60).breaksGroup)
        #expect(CollectiveError.mpi(call: "MPI_Isend", reason: "x").breaksGroup)
    }

    @Test("A lost rank is named with its host; of several the message says that it was one of them")
    func names() {
        let one = CollectiveError.lost(ranks: [2], hosts: ["c"], seconds: 61.5)
        #expect("\(one)".hasPrefix("rank 2 on c did not answer for 61 s"))
        let some = CollectiveError.lost(ranks: [0, 2], hosts: ["a", "c"], seconds: 60)
        #expect("\(some)".hasPrefix("one of rank 0 on a, rank 2 on c did not answer"))
        #expect("\(CollectiveError.lost(ranks: [], hosts: [], seconds: 60))".hasPrefix("another rank did not answer"))
    }
}

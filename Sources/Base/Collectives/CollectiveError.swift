/// The reason why the ranks of a training cannot continue together.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
    /// Ranks did not answer in time: their process or machine died, or the network in between is cut.
    case lost(ranks: [Int], hosts: [String], seconds: Double)
    /// A rank could not continue and said why.
    case failed(rank: Int, host: String, reason: String)
    /// An MPI call returned an error.
    case mpi(call: String, reason: String)
    /// The process was started by `mpirun`, but Open MPI's library cannot be used.
    case unavailable(reason: String)

    /// Whether the group of ranks can no longer be used.
    public var breaksGroup: Bool {
        if case .failed = self { return false }
        return true
    }

    public var description: String {
        switch self {
        case .lost(let ranks, let hosts, let seconds):
            let names = zip(ranks, hosts).map { "rank \($0) on \($1)" }.joined(separator: ", ")
            let who = ranks.count > 1 ? "one of \(names)" : names.isEmpty ? "another rank" : names
            return
                "\(who) did not answer for \(Int(seconds)) s: its process or machine died, "
                + "or the network to it is cut; start again with the remaining hosts, training resumes from the "
                + "last checkpoint (training.rank_timeout sets how long to wait)"
        case .failed(let rank, let host, let reason):
            return "rank \(rank) on \(host) could not continue: \(reason)"
        case .mpi(let call, let reason):
            return
                "\(call) failed: \(reason); read what mpirun says about it, then start again: training resumes from "
                + "the last checkpoint"
        case .unavailable(let reason):
            return
                "this process was started as one of several ranks, but \(reason); install Open MPI (Debian: "
                + "openmpi-bin) on every host, or start rocket without mpirun"
        }
    }
}

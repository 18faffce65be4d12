/// An error of an operation that knows how a command ends with it.
package protocol CommandError: Error {
    var exitStatus: ExitStatus { get }
    /// Whether its text has lines of its own, one for each of several mistakes.
    var hasLines: Bool { get }
}

/// Exit codes of the commands; the page ExitCodes explains them to people. 64 is the argument parser's own for a wrong
/// command line.
public enum ExitStatus: Int32, Sendable {
    case done = 0
    /// An error of the program or the machine that fits no other code.
    case internalError = 1
    /// The work was done before; nothing was changed.
    case nothingToDo = 3
    /// Another copy of the job holds its lock.
    case locked = 4
    /// The logs do not allow the work: no impressions, no clicks, one class only.
    case dataCheckFailed = 5
    /// The job file, or something it names, is wrong.
    case configuration = 6
    /// PostgreSQL could not be reached or refused something.
    case database = 7
    /// A version was made, or asked to be promoted, and the gate holds it back; what was live stays live.
    case held = 8
    /// SIGTERM or SIGINT asked the command to stop; what was done stays, and the next start resumes from it.
    case interrupted = 9
    /// A rank of the group died, did not answer or could not continue; the next start resumes from the last checkpoint.
    case ranksLost = 10
    /// Standard output could not be written; the work itself was done. `EX_IOERR` of sysexits.h.
    case outputFailed = 74
}

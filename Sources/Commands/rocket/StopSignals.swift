import Foundation
import Logging
import Runs

/// Turns SIGTERM and SIGINT into a wish to stop; a second one ends the process at once.
///
/// Called before the process has other threads: they inherit that both signals are blocked, so that only the thread
/// which waits for them takes them.
func interruptionBySignals(log: Logger) -> Interruption {
    let interruption = Interruption()
    let signals = stopSignals
    blockStopSignals()
    Thread.detachNewThread {
        var waited = signals
        var number: Int32 = 0
        while sigwait(&waited, &number) != 0 {}
        interruption.request(signal: number)
        log.warning("stopping at the next good moment; once more to stop at once")
        while sigwait(&waited, &number) != 0 {}
        _exit(128 + number)
    }
    return interruption
}

/// Keeps this thread, and those that it starts, from taking the signals that ask to stop.
///
/// - Returns: what was blocked before, for `restoreSignals`.
@discardableResult
func blockStopSignals() -> sigset_t {
    var blocked = stopSignals
    var before = sigset_t()
    pthread_sigmask(SIG_BLOCK, &blocked, &before)
    return before
}

/// Lets this thread take what it took before. What the launcher has blocked stays so until `interruptionBySignals`
/// takes it: a signal that comes while the process starts waits there instead of ending it.
func restoreSignals(_ before: sigset_t) {
    var before = before
    pthread_sigmask(SIG_SETMASK, &before, nil)
}

private var stopSignals: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    return signals
}

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
func blockStopSignals() {
    var blocked = stopSignals
    pthread_sigmask(SIG_BLOCK, &blocked, nil)
}

/// Lets this thread take them again.
func unblockStopSignals() {
    var unblocked = stopSignals
    pthread_sigmask(SIG_UNBLOCK, &unblocked, nil)
}

private var stopSignals: sigset_t {
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    return signals
}

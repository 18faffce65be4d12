import Foundation

/// Memory of this process.
package enum ProcessMemory {
    /// Largest resident memory so far.
    package static var peakBytes: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        // Linux counts in KiB.
        return usage.ru_maxrss * 1_024
    }
}

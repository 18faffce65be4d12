import Foundation

/// What other processes take of the machine's cores, since it was made. Linux: /proc/stat.
struct MachineLoad {
    private let start = ContinuousClock.now
    private let busy = MachineLoad.busySeconds()
    private let own = MachineLoad.ownSeconds()

    /// The most that a round of a benchmark may have.
    static let most = 0.03

    /// 0…1 of all cores.
    func foreignShare() -> Double {
        guard let busy, let now = Self.busySeconds() else { return 0 }
        let cores = Double(ProcessInfo.processInfo.processorCount)
        let elapsed = (ContinuousClock.now - start) / .seconds(1)
        return max(0, now - busy - (Self.ownSeconds() - own)) / (elapsed * cores)
    }

    private static func busySeconds() -> Double? {
        guard let text = try? String(contentsOfFile: "/proc/stat", encoding: .utf8),
            let line = text.split(separator: "\n").first
        else { return nil }
        // user, nice, system, idle, iowait, irq, softirq, steal
        let ticks = line.split(separator: " ").dropFirst().compactMap { Double($0) }
        guard ticks.count >= 8 else { return nil }
        return (ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6] + ticks[7]) / Double(sysconf(Int32(_SC_CLK_TCK)))
    }

    private static func ownSeconds() -> Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}

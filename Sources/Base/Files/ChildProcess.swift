import Foundation

/// A program run to its end, with what the system says it took.
package struct ChildProcess {
    package var seconds: Double
    /// Largest resident memory.
    package var peakMebibytes: Double
    /// What it wrote to its standard output; empty when that was thrown away.
    package var output: [UInt8]
    /// Bytes it wrote to its standard output.
    package var outputBytes: Int

    package enum Output {
        /// `/dev/null`
        case discarded
        /// Counted only.
        case counted
        case kept
    }

    /// Runs a program, found by `PATH` where its name has no slash.
    ///
    /// - Throws: `ChildProcessError`.
    package static func run(_ arguments: [String], output wanted: Output) throws(ChildProcessError) -> ChildProcess {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var ends: [Int32] = [-1, -1]
        switch wanted {
        case .discarded: posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        case .counted, .kept:
            guard pipe(&ends) == 0 else { throw ChildProcessError(arguments: arguments, what: "no pipe") }
            posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
            posix_spawn_file_actions_addclose(&actions, ends[0])
        }
        // This process may have blocked signals that the other one is to be stopped by.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        // This process may ignore SIGPIPE; others end by it.
        var pipeSignal = sigset_t()
        sigemptyset(&pipeSignal)
        sigaddset(&pipeSignal, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &pipeSignal)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        let start = ContinuousClock.now
        var pid: pid_t = 0
        var list: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for text in list { free(text) } }
        let code = posix_spawnp(&pid, arguments[0], &actions, &attributes, &list, environ)
        if ends[1] >= 0 { close(ends[1]) }
        guard code == 0 else {
            if ends[0] >= 0 { close(ends[0]) }
            throw ChildProcessError(arguments: arguments, what: String(cString: strerror(code)))
        }
        var kept: [UInt8] = []
        var count = 0
        if ends[0] >= 0 {
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let got = read(ends[0], &buffer, buffer.count)
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                count += got
                if wanted == .kept { kept += buffer[..<got] }
            }
            close(ends[0])
        }
        var status: Int32 = 0
        var usage = rusage()
        while wait4(pid, &status, 0, &usage) < 0, errno == EINTR {}
        guard status == 0 else {
            throw ChildProcessError(arguments: arguments, what: "it ended with status \(status >> 8)")
        }
        return ChildProcess(
            seconds: (ContinuousClock.now - start) / .seconds(1), peakMebibytes: Double(usage.ru_maxrss) / 1_024,
            output: kept, outputBytes: count)
    }
}

/// A program that could not be run, or failed.
package struct ChildProcessError: Error, CustomStringConvertible {
    package let arguments: [String]
    package let what: String

    package var description: String {
        "\(arguments.prefix(3).joined(separator: " ").prefix(200)): \(what); it must be installed and on PATH"
    }
}

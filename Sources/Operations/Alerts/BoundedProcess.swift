import Foundation

/// Runs a program that must not hold this one up: its time is bounded, its output is kept only at the beginning.
enum BoundedProcess {
    /// Bytes of the output that are kept.
    private static let kept = 4_096

    /// Runs a program, found by `PATH` where its name has no slash, in its own process group. When its time is
    /// over the group gets SIGTERM, and SIGKILL two seconds later.
    ///
    /// - Parameter input: its standard input, at most 16 KiB. A pipe holds so much, so that writing never waits.
    /// - Returns: what it wrote first, on either output.
    /// - Throws: `Failure`, also when it ends with another code than 0.
    @discardableResult
    static func run(
        _ arguments: [String], environment: [String: String], input: [UInt8] = [], limit: Duration
    ) throws(Failure) -> String {
        func failure(_ what: String) -> Failure { Failure(program: arguments[0], what: what) }
        guard input.count <= 16_384 else { throw failure("its input is longer than 16 KiB") }
        guard let inputPipe = privatePipe() else { throw failure("no pipe") }
        defer { close(inputPipe.reading) }
        let written = input.withUnsafeBytes { write(inputPipe.writing, $0.baseAddress, $0.count) }
        close(inputPipe.writing)
        guard written == input.count else { throw failure("no room in a pipe") }
        guard let outputPipe = privatePipe() else { throw failure("no pipe") }
        defer { close(outputPipe.reading) }
        var pid: pid_t = 0
        func start(_ environment: [String: String]) -> Int32 {
            spawn(&pid, arguments, environment, input: inputPipe.reading, output: outputPipe.writing)
        }
        var code = start(environment)
        // The system bounds what a program is given; what it is told matters more than what it inherits.
        if code == E2BIG { code = start(environment.filter { Self.isEssential($0.key) }) }
        close(outputPipe.writing)
        guard code == 0 else { throw failure(String(cString: strerror(code))) }
        let (status, output) = wait(for: pid, reading: outputPipe.reading, limit: limit)
        guard let status else { throw failure("stopped after \(limit)\(said(output))") }
        guard status == 0 else {
            let signal = status & 0x7F
            throw failure(
                (signal == 0 ? "ended with code \(status >> 8)" : "ended by signal \(signal)") + said(output))
        }
        return output
    }

    private static func isEssential(_ variable: String) -> Bool {
        ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TZ", "TMPDIR"].contains(variable)
            || variable.hasPrefix("LC_") || variable.hasPrefix("ROCKET_")
    }

    /// A pipe that programs started from here do not inherit unless told to; nil: none could be made.
    private static func privatePipe() -> (reading: Int32, writing: Int32)? {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }

    private static func said(_ output: String) -> String { output.isEmpty ? "" : ": \(output)" }

    private static func spawn(
        _ pid: inout pid_t, _ arguments: [String], _ environment: [String: String], input: Int32, output: Int32
    ) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // This process may have blocked signals that the other one is to be stopped by.
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setpgroup(&attributes, 0)
        // This process ignores SIGPIPE; others end by it.
        var pipe = sigset_t()
        sigemptyset(&pipe)
        sigaddset(&pipe, SIGPIPE)
        posix_spawnattr_setsigdefault(&attributes, &pipe)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF))
        var list: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in list + variables { free(text) } }
        return posix_spawnp(&pid, arguments[0], &actions, &attributes, &list, &variables)
    }

    /// - Returns: the process' status, nil when its time was over, and the beginning of its output.
    private static func wait(for pid: pid_t, reading descriptor: Int32, limit: Duration) -> (Int32?, String) {
        let start = ContinuousClock.now
        var output: [UInt8] = []
        var status: Int32 = 0
        var (isOpen, signalled) = (true, 0)
        while true {
            // What it left behind may hold the pipe open, so its end is not waited for.
            let found = waitpid(pid, &status, WNOHANG)
            let ended = found == pid || (found < 0 && errno != EINTR)
            while isOpen, ready(descriptor, milliseconds: ended ? 0 : 20) {
                isOpen = read(descriptor, into: &output)
                if ContinuousClock.now - start >= limit { break }
            }
            if ended { return (signalled == 0 ? status : nil, text(output)) }
            if !isOpen { usleep(5_000) }
            let over = ContinuousClock.now - start - limit
            if over >= .zero, signalled == 0 {
                kill(-pid, SIGTERM)
                signalled = 1
            } else if over >= .seconds(2), signalled == 1 {
                kill(-pid, SIGKILL)
                signalled = 2
            }
        }
    }

    private static func ready(_ descriptor: Int32, milliseconds: Int32) -> Bool {
        var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return Foundation.poll(&poll, 1, milliseconds) > 0
    }

    /// - Returns: false at the end.
    private static func read(_ descriptor: Int32, into output: inout [UInt8]) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let got = Foundation.read(descriptor, &buffer, buffer.count)
        if got > 0 { output += buffer[..<min(got, kept - output.count)] }
        return got > 0 || (got < 0 && errno == EINTR)
    }

    private static func text(_ output: [UInt8]) -> String {
        String(decoding: output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// A program that could not be run, failed or took too long.
    struct Failure: Error, CustomStringConvertible {
        let program: String
        let what: String

        var description: String { "\(program): \(what)" }
    }
}

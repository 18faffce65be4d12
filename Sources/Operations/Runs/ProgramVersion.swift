import Digests
import Files
import Foundation

/// The program's version, written beside everything that it makes.
public enum ProgramVersion {
    public static let current = "0.2.0"

    /// Git revision of the program: $ROCKET_REVISION, which an image is built with, else that of the checkout that the
    /// program's file lies in, with `-dirty` where something was changed there; nil: neither.
    package static let revision: String? = {
        if let given = ProcessInfo.processInfo.environment["ROCKET_REVISION"], !given.isEmpty { return given }
        guard let path = executable else { return nil }
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
        // Outside of a checkout git says so, which is no matter of ours.
        let describe = "exec git -C \"$1\" describe --always --dirty --abbrev=40 '--exclude=*' 2>/dev/null"
        let git = ["sh", "-c", describe, "sh", folder]
        guard let result = try? ChildProcess.run(git, output: .kept) else { return nil }
        let text = String(decoding: result.output, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        return text.isEmpty ? nil : text
    }()

    /// SHA-256 of the program's file.
    package static let digest: String? = {
        guard let path = executable, let data = FileManager.default.contents(atPath: path) else { return nil }
        return try? SHA256Digest.of([UInt8](data)).hex
    }()

    private static let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
}

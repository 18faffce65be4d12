import Foundation

/// The reason why a file cannot be written, read or removed.
public struct FileError: Error, Equatable, CustomStringConvertible {
    public var path: String
    /// The system call that failed.
    public var call: String
    /// `errno` of the call; `EINVAL` when this program refuses the path itself.
    public var code: Int32
    public var reason: String

    public init(path: String, call: String, code: Int32, reason: String) {
        self.path = path
        self.call = call
        self.code = code
        self.reason = reason
    }

    public var description: String { "\(path): \(reason)" }

    /// Creates the error that `errno` holds now.
    static func system(_ path: String, _ call: String) -> FileError {
        let code = errno
        return FileError(path: path, call: call, code: code, reason: String(cString: strerror(code)))
    }

    /// Creates the error for a path that is never written to, whatever its permissions.
    static func refused(_ path: String, _ reason: String) -> FileError {
        FileError(path: path, call: "open", code: EINVAL, reason: reason)
    }
}

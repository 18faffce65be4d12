import Foundation

extension Error {
    /// Why a file could not be written or read, in the operating system's words where Foundation wraps them in vaguer
    /// ones of its own: “No space left on device”.
    package var systemReason: String {
        if let error = self as? FileError { return error.reason }
        let error = self as NSError
        let below = error.userInfo[NSUnderlyingErrorKey] as? NSError
        let system = [error, below].compactMap { $0 }.first { $0.domain == NSPOSIXErrorDomain }
        return system.map { String(cString: strerror(Int32(truncatingIfNeeded: $0.code))) } ?? localizedDescription
    }
}

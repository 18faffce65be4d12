import Foundation

/// The kind of thing that a path leads to.
enum FileKind: Equatable {
    case absent, regular, folder, link, characterDevice, blockDevice, pipe, socket, other

    init(_ status: stat) {
        self =
            switch status.st_mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .folder
            case S_IFLNK: .link
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            case S_IFIFO: .pipe
            case S_IFSOCK: .socket
            default: .other
            }
    }

    /// Returns what a path leads to, following symbolic links; a dangling link counts as absent.
    static func of(_ path: String) throws(FileError) -> FileKind {
        var status = stat()
        if stat(path, &status) == 0 { return FileKind(status) }
        guard errno == ENOENT else { throw .system(path, "stat") }
        return .absent
    }

    var name: String {
        switch self {
        case .absent: "nothing"
        case .regular: "a file"
        case .folder: "a folder"
        case .link: "a symbolic link"
        case .characterDevice, .blockDevice: "a device"
        case .pipe: "a pipe"
        case .socket: "a socket"
        case .other: "no file"
        }
    }
}

import Foundation

/// Making folders.
public enum Folders {
    /// Makes a folder and those above it, where they are missing.
    public static func make(_ folder: String) throws(FileError) {
        if mkdir(folder, 0o777) == 0 { return }
        if errno == EEXIST {
            guard try FileKind.of(folder) == .folder else { throw .refused(folder, "it is no folder") }
            return
        }
        let parent = URL(fileURLWithPath: folder).deletingLastPathComponent().path
        guard errno == ENOENT, parent != folder else { throw .system(folder, "mkdir") }
        try make(parent)
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw .system(folder, "mkdir") }
    }

    /// Whether a file can be made in a folder, written, flushed and renamed; what was made for it goes again.
    public static func probe(_ folder: String) throws(FileError) {
        let file = try StagedFile(in: folder, stem: ".rocket-probe", mode: .exactly(0o600))
        try file.write([0])
        let name = FileName.temporary(".rocket-probe")
        try file.commit(as: name)
        guard unlink("\(folder)/\(name)") == 0 else { throw .system("\(folder)/\(name)", "unlink") }
    }
}

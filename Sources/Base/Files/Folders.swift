import Foundation

/// Creation of folders.
public enum Folders {
    /// Creates a folder and any missing parents.
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

    /// Checks that a file can be created, written, flushed and renamed in a folder; removes it again.
    public static func probe(_ folder: String) throws(FileError) {
        let file = try StagedFile(in: folder, stem: ".rocket-probe", mode: .exactly(0o600))
        try file.write([0])
        let name = FileName.temporary(".rocket-probe")
        try file.commit(as: name)
        guard unlink("\(folder)/\(name)") == 0 else { throw .system("\(folder)/\(name)", "unlink") }
    }
}

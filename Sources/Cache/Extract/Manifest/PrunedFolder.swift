import Foundation

/// A cache folder on this machine, and which of the files that the database names are in it.
struct PrunedFolder {
    /// Absolute, without links.
    let root: String
    private let host: String

    init(_ directory: String) {
        root = Self.canonical(directory)
        host = CachePlace(folder: directory, model: "").host
    }

    /// Finds out which files are this folder's.
    ///
    /// Machines that share the folder each record what they have built, but two machines may also have different
    /// folders of the same path. So what another machine recorded is this folder's only if the file is here and this
    /// machine has recorded none itself.
    func locate(_ files: [NamedFile]) -> [NamedFile] {
        let ours = Set(files.filter { $0.host == host && isRoot($0.folder) }.map(\.part))
        return files.map { file in
            var file = file
            file.isHere = isHere(file, ours)
            return file
        }
    }

    /// - Parameter ours: The parts of which this machine has recorded a file in this folder.
    private func isHere(_ file: NamedFile, _ ours: Set<NamedFile.Part>) -> Bool {
        if file.path.isEmpty { return true }
        if file.host.isEmpty { return isBelow(file.path) }
        guard isRoot(file.folder) else { return false }
        return file.host == host || !ours.contains(file.part) && FileManager.default.fileExists(atPath: file.path)
    }

    /// Returns whether a file is in this folder that an earlier release recorded, which did not say in which it was.
    private func isBelow(_ path: String) -> Bool {
        path.hasPrefix("/")
            ? Self.canonical(path).hasPrefix(root + "/")
            : FileManager.default.fileExists(atPath: "\(root)/\(Self.tail(of: path))")
    }

    private func isRoot(_ folder: String) -> Bool { folder == root || Self.canonical(folder) == root }

    /// The last three parts of a file's path, which say what is in it: `<hash>/day=<day>/<file>`.
    static func tail(of path: String) -> String { path.split(separator: "/").suffix(3).joined(separator: "/") }

    static func canonical(_ path: String) -> String {
        URL(fileURLWithPath: path).resolvingSymlinksInPath().standardizedFileURL.path
    }
}

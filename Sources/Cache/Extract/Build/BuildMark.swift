import Files
import Foundation

/// A file in a day's folder that says who is building the day, as long as the leading process is. A process that does
/// not find it sees another folder: two machines may each have one of the same path.
struct BuildMark {
    private let folder: String
    private let name: String
    private let content: [UInt8]

    /// - Parameters:
    ///   - exportedSnapshot: Tells apart builds of the same number in two databases, together with `snapshot` and the
    ///     process.
    ///   - folder: The folder of the day's files.
    init(
        of build: Int, _ exportedSnapshot: String, _ snapshot: String,
        host: String = ProcessInfo.processInfo.hostName,
        process: Int = Int(ProcessInfo.processInfo.processIdentifier), in folder: String
    ) {
        self.folder = folder
        name = "build-\(build).mark"
        content = Array("\(Self.beginning) \(host) \(process) \(exportedSnapshot) \(snapshot)\n".utf8)
    }

    private static let beginning = "rocket build"

    /// - Throws: `FileError`.
    func write() throws {
        try Folders.make(folder)
        let file = try StagedFile(in: folder, stem: "build")
        defer { file.abandon() }
        try file.write(content)
        try file.commit(as: name)
    }

    /// Whether this process sees the file.
    var isThere: Bool {
        guard let file = OwnFiles(in: folder, .buildMark).own(name) else { return false }
        return (try? file.bytes()) == content
    }

    /// Removes the file; one that stays is removed by the next pruning.
    func remove() {
        _ = try? OwnFiles(in: folder, .buildMark).remove(name)
    }

    fileprivate static func isOwn(_ file: RegularFile) throws -> Bool {
        try file.bytes(at: 0, count: beginning.utf8.count) == Array(beginning.utf8)
    }
}

extension FileMark {
    /// Marks of builds, also unfinished ones.
    static let buildMark = FileMark(
        name: { name in
            name.wholeMatch(of: /build-[0-9]+\.mark/) != nil || FileName.isTemporary(name) { $0 == "build" }
        },
        content: { _, file in try file.size == 0 || BuildMark.isOwn(file) })
}

import Foundation

/// Where a process keeps the files of its cache, and whose they are.
public struct CachePlace: Equatable, Sendable {
    /// The machine.
    public var host: String
    /// The absolute `cache.directory`.
    public var folder: String
    /// The model and the file of the job.
    public var model, jobFile: String

    /// A place on this machine.
    ///
    /// - Parameter folder: Made absolute if it is not.
    public init(folder: String, model: String, jobFile: String = "") {
        host = ProcessInfo.processInfo.hostName
        self.folder = Self.absolute(folder)
        self.model = model
        self.jobFile = jobFile.isEmpty ? "" : Self.absolute(jobFile)
    }

    /// The paths on this machine at which a recorded file may be. Earlier releases recorded paths relative to the
    /// folder that they ran in, which is most likely this one, or one above the job file.
    public func candidates(for path: String) -> [String] {
        guard !path.hasPrefix("/") else { return [path] }
        var roots = [FileManager.default.currentDirectoryPath]
        if !jobFile.isEmpty {
            var folder = URL(fileURLWithPath: jobFile).deletingLastPathComponent()
            while folder.path != "/", roots.count < 32 {
                roots.append(folder.path)
                folder = folder.deletingLastPathComponent()
            }
        }
        return roots.map { URL(fileURLWithPath: path, relativeTo: URL(fileURLWithPath: $0, isDirectory: true)) }
            .map(\.standardizedFileURL.path)
    }

    static func absolute(_ path: String) -> String { URL(fileURLWithPath: path).standardizedFileURL.path }
}

/// An error in a cache file. Every case names the file; a damaged one is rebuilt by `rocket extract --rebuild`, or by
/// the next run of the job.
public enum CacheError: Error, Equatable, CustomStringConvertible {
    case system(path: String, call: String, errno: Int32, message: String)
    /// A pipe, a device or a folder.
    case notAFile(path: String)
    /// The file does not end as a cache file does: it is cut off, or another kind of file.
    case truncated(path: String, bytes: Int)
    case formatVersion(path: String, found: Int, expected: Int)
    /// The file was built from another specification; `difference` names the first column that differs.
    case specification(path: String, found: String, expected: String, difference: String)
    /// The header or index does not match the trailer's checksum.
    case headerChecksum(path: String, found: String, expected: String)
    /// The header or index contradicts itself or the file.
    case header(path: String, what: String)
    case blockChecksum(path: String, block: Int, found: String, expected: String)
    case block(path: String, block: Int, what: String)
    /// Rows passed to the writer do not have its columns.
    case columns(path: String, what: String)

    public var description: String {
        let fix = "run: rocket extract --job FILE --day … --rebuild"
        return switch self {
        case .system(let path, let call, _, let message):
            "cache file \(path): \(call) failed: \(message); check the folder's rights and the disk's free space"
        case .notAFile(let path):
            "cache file \(path): it is a pipe, a device or a folder, expected a file; \(fix)"
        case .truncated(let path, let bytes):
            "cache file \(path): its \(bytes) bytes do not end as a cache file does; the file is cut off; \(fix)"
        case .formatVersion(let path, let found, let expected):
            "cache file \(path): format version is \(found), this program reads \(expected); \(fix)"
        case .specification(let path, let found, let expected, let difference):
            "cache file \(path): specification hash is \(found), the job file's is \(expected): \(difference); \(fix)"
        case .headerChecksum(let path, let found, let expected):
            "cache file \(path), header: checksum is \(found), the trailer says \(expected); the file is damaged; "
                + fix
        case .header(let path, let what):
            "cache file \(path), header: \(what); the file is damaged; \(fix)"
        case .blockChecksum(let path, let block, let found, let expected):
            "cache file \(path), block \(block): checksum is \(found), the index says \(expected); "
                + "the file is damaged; \(fix)"
        case .block(let path, let block, let what):
            "cache file \(path), block \(block): \(what); the file is damaged; \(fix)"
        case .columns(let path, let what):
            "cache file \(path): \(what); this is a bug in the program, please report it"
        }
    }
}

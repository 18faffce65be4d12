/// What can be wrong with a cache file. Every case names the file; what is damaged is built again by
/// `rocket extract --rebuild`, or by the next run of the job.
public enum CacheError: Error, Equatable, CustomStringConvertible {
    case system(path: String, call: String, errno: Int32, message: String)
    /// The file's end is not that of a cache file: cut off, or another kind of file.
    case truncated(path: String, bytes: Int)
    case formatVersion(path: String, found: Int, expected: Int)
    /// `difference` names the first column that is not as expected.
    case specification(path: String, found: String, expected: String, difference: String)
    /// Header or index do not have the checksum that the trailer says.
    case headerChecksum(path: String, found: String, expected: String)
    /// Header or index contradict themselves or the file.
    case header(path: String, what: String)
    case blockChecksum(path: String, block: Int, found: String, expected: String)
    case block(path: String, block: Int, what: String)
    /// Rows handed to the writer do not have the columns that it was made for.
    case columns(path: String, what: String)

    public var description: String {
        let mend = "run: rocket extract --day … --rebuild"
        return switch self {
        case .system(let path, let call, _, let message):
            "cache file \(path): \(call) failed: \(message); check the folder's rights and the disk's free space"
        case .truncated(let path, let bytes):
            "cache file \(path): its \(bytes) bytes do not end as a cache file does; the file is cut off; \(mend)"
        case .formatVersion(let path, let found, let expected):
            "cache file \(path): format version is \(found), this program reads \(expected); \(mend)"
        case .specification(let path, let found, let expected, let difference):
            "cache file \(path): specification hash is \(found), the job file's is \(expected): \(difference); \(mend)"
        case .headerChecksum(let path, let found, let expected):
            "cache file \(path), header: checksum is \(found), the trailer says \(expected); the file is damaged; \(mend)"
        case .header(let path, let what):
            "cache file \(path), header: \(what); the file is damaged; \(mend)"
        case .blockChecksum(let path, let block, let found, let expected):
            "cache file \(path), block \(block): checksum is \(found), the index says \(expected); "
                + "the file is damaged; \(mend)"
        case .block(let path, let block, let what):
            "cache file \(path), block \(block): \(what); the file is damaged; \(mend)"
        case .columns(let path, let what):
            "cache file \(path): \(what); this is an error of the program, please report it"
        }
    }
}

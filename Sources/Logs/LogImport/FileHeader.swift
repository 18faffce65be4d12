import AdLogs

/// The column names of a file's first record.
struct FileHeader {
    let names: [String]
    private let file: String

    init(_ names: [String], file: String) {
        self.names = names
        self.file = file
    }

    /// - Throws: `ImportError.noColumn` with the names that exist.
    func position(_ name: String) throws(ImportError) -> Int {
        guard let position = names.firstIndex(of: name) else {
            throw .noColumn(file: file, column: name, has: names)
        }
        return position
    }

    /// Returns the log table's column names for header columns, checked before anything is written.
    ///
    /// - Parameter wanted: Positions in the header.
    /// - Throws: `ImportError.header` if PostgreSQL could not hold them, or two would become one.
    func columnNames(_ wanted: [Int]) throws(ImportError) -> [String] {
        guard wanted.count <= Self.mostColumns else {
            throw .header(
                file: file, reason: "it has \(wanted.count) columns, a table holds \(Self.mostColumns); see --drop")
        }
        var taken: Set<String> = []
        var columns: [String] = []
        for position in wanted {
            let name = names[position]
            let column = Self.columnName(name, position)
            if let option = Self.ownColumns[column] {
                throw .header(
                    file: file,
                    reason:
                        "column ‘\(name)’ would become ‘\(column)’, which the table has already: say what it is with "
                        + "\(option) ‘\(name)’, or leave it out with --drop")
            }
            guard !Self.systemColumns.contains(column) else {
                throw .header(
                    file: file, reason: "column ‘\(name)’ has the name of a system column of PostgreSQL; see --drop")
            }
            guard column.utf8.count <= LogTables.longestName else {
                throw .header(
                    file: file,
                    reason: "column ‘\(column.prefix(40))…’ takes \(column.utf8.count) bytes, PostgreSQL's names take "
                        + "\(LogTables.longestName) at most; shorten it, or leave it out with --drop")
            }
            guard taken.insert(column).inserted else {
                throw .header(
                    file: file, reason: "column ‘\(name)’ would become ‘\(column)’, which is taken; see --drop")
            }
            columns.append(column)
        }
        return columns
    }

    /// Turns `User-Item Affinity:float` into `user_item_affinity`: letters and digits of any script and `_`, without
    /// the type that RecBole's headers carry after a colon.
    static func columnName(_ name: String, _ position: Int) -> String {
        let base = name.split(separator: ":").first.map(String.init) ?? ""
        let text = String(base.lowercased().map { $0.isLetter || $0.isNumber ? $0 : "_" })
        return text.isEmpty ? "column_\(position + 1)" : text
    }

    private static let ownColumns = ["impression_id": "--id", "impressed_at": "--time", "user_id": "--user"]
    private static let systemColumns: Set = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"]
    /// PostgreSQL's limit of 1,600, less the three columns of every log table and some to add later.
    private static let mostColumns = 1_500

    /// Returns the position of a name; nil for no name.
    func position(_ name: String?) throws(ImportError) -> Int? {
        guard let name else { return nil }
        let position: Int = try position(name)
        return position
    }
}

/// The column names of a file's first record.
struct FileHeader {
    let names: [String]
    private let file: String

    init(_ names: [String], file: String) {
        self.names = names
        self.file = file
    }

    /// - Throws: `ImportError.noColumn` with the names that there are.
    func position(_ name: String) throws(ImportError) -> Int {
        guard let position = names.firstIndex(of: name) else {
            throw .noColumn(file: file, column: name, has: names)
        }
        return position
    }

    /// Nil for no name.
    func position(_ name: String?) throws(ImportError) -> Int? {
        guard let name else { return nil }
        let position: Int = try position(name)
        return position
    }
}

import Days

/// A request to import files.
public struct ImportRequest: Sendable {
    public enum Format: String, CaseIterable, Sendable {
        case openBandit = "open-bandit"
        case criteo, avazu, libfm, csv
    }

    public var format: Format
    public var files: [String]
    /// The tables' prefix: nil for the standard tables, otherwise `ad_log.<prefix>_impressions` and
    /// `ad_log.<prefix>_clicks`.
    public var prefix: String?
    /// For rows without time: the first of the days over which they are spread in file order.
    public var firstDay: Day
    public var days: Int
    /// For open-bandit: the item files; found by name next to the data if not given.
    public var items: [String]
    /// For libfm: `user:0-942,item:943-2624` or `user,item`.
    public var fields: String?
    /// For csv: the meaning of the columns.
    public var mapping: CSVMapping
    public var delimiter: UInt8
    /// The share of rejected rows above which nothing of a file is imported.
    public var rejectedShare: Double

    public init(
        format: Format, files: [String], prefix: String? = nil, firstDay: Day, days: Int = 1, items: [String] = [],
        fields: String? = nil, mapping: CSVMapping = CSVMapping(), delimiter: UInt8 = UInt8(ascii: ","),
        rejectedShare: Double = ImportRequest.defaultRejectedShare
    ) {
        self.format = format
        self.files = files
        self.prefix = prefix
        self.firstDay = firstDay
        self.days = days
        self.items = items
        self.fields = fields
        self.mapping = mapping
        self.delimiter = delimiter
        self.rejectedShare = rejectedShare
    }

    public static let defaultRejectedShare = 0.99

    /// Returns the reader of one file.
    func reader(_ file: String) -> RecordReader {
        switch format {
        case .openBandit, .avazu: RecordReader(path: file, delimiter: UInt8(ascii: ","))
        case .csv: RecordReader(path: file, delimiter: delimiter)
        case .criteo: RecordReader(path: file, delimiter: UInt8(ascii: "\t"), quotes: false)
        case .libfm: RecordReader(path: file, delimiter: UInt8(ascii: " "), quotes: false)
        }
    }

    var hasHeader: Bool { format == .openBandit || format == .avazu || format == .csv }

    /// Whether ids are generated, from the file and the row's place in it.
    var makesIDs: Bool {
        switch format {
        case .csv: mapping.id == nil
        case .criteo, .libfm, .openBandit: true
        case .avazu: false
        }
    }

    /// - Parameters:
    ///   - header: The header; empty for formats without one.
    ///   - digest: The digest of the file's bytes. Generated ids contain it, so that ids of two files never collide,
    ///     whatever the files are called, and those of one file are the same wherever it lies.
    func rowFormat(file: String, header: [String], digest: String) throws -> any RowFormat {
        let name = Self.stem(file)
        let stem = "\(String(decoding: Array(name.utf8.prefix(100)), as: UTF8.self))-\(digest.prefix(12))"
        switch format {
        case .openBandit:
            let items = try OpenBanditFormat.items(path: try itemFile(for: file))
            return try OpenBanditFormat(header: header, items: items, file: file, name: name, stem: stem)
        case .criteo: return CriteoFormat(stem: stem)
        case .avazu: return try AvazuFormat(header: header, file: file)
        case .csv: return try CSVFormat(header: header, mapping: mapping, file: file, stem: stem)
        case .libfm:
            guard let fields else {
                throw ImportError.option("libfm needs --fields, such as user:0-942,item:943-2624")
            }
            return LibFMFormat(fields: try LibFMFormat.fields(fields), stem: stem)
        }
    }

    /// `data/random-all.csv.gz` → `random-all`.
    static func stem(_ file: String) -> String {
        let name = file.split(separator: "/").last.map(String.init) ?? file
        return name.split(separator: ".").first.map(String.init) ?? name
    }

    /// Returns the item file of the campaign that the data file's name ends with.
    private func itemFile(for file: String) throws -> String {
        let campaign = Self.stem(file).split(separator: "-").last.map(String.init) ?? ""
        if let named = items.first(where: { Self.stem($0).hasSuffix("-\(campaign)") }) { return named }
        if items.count == 1 { return items[0] }
        guard items.isEmpty else {
            throw ImportError.option("none of the files of --items is for campaign ‘\(campaign)’ of \(file)")
        }
        let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return (folder.isEmpty ? "" : folder + "/") + "items-\(campaign).csv"
    }
}

/// Which row of an embedding table an id has, where only the ids that training met have one: row 0 is for the missing
/// value (id 0), row `i + 1` for the `i`-th smallest known id, and the last row for every other id. So no two known ids
/// share one.
///
/// The ids are hashes, hence spread evenly: their upper bits find the few among which an id must be. A look-up costs
/// two accesses to memory and about three comparisons, O(log ids) if ids are not spread. Memory: 5 to 6 bytes per id.
public struct IDTable: Equatable, Sendable {
    /// The known ids, ascending; none is 0 or above `largestID`.
    public let ids: [UInt32]
    /// Where the ids with the same upper bits begin, and the end.
    private let starts: [UInt32]
    private let shift: UInt32

    /// Ids have 31 bits.
    public static let largestID = UInt32(Int32.max)
    /// Memory of a known id, at most.
    package static let bytesPerID = 6

    /// - Parameter ids: ascending, none of them twice, from 1 to `largestID`; nil for any others.
    public init?(_ ids: [UInt32]) {
        guard (ids.last ?? 0) <= Self.largestID, ids.first != 0,
            zip(ids, ids.dropFirst()).allSatisfy({ $0 < $1 })
        else { return nil }
        self.ids = ids
        // Two to four ids each.
        let bits = ids.count < 4 ? 0 : (ids.count / 2).bitWidth - 1 - (ids.count / 2).leadingZeroBitCount
        let shift = UInt32(31 - bits)
        self.shift = shift
        var starts = [UInt32](repeating: 0, count: 1 << bits + 1)
        for id in ids { starts[Int(id >> shift) + 1] += 1 }
        for index in 1..<starts.count { starts[index] += starts[index - 1] }
        self.starts = starts
    }

    /// No id is known.
    public static let empty = IDTable(none: ())

    private init(none: Void) {
        (ids, starts, shift) = ([], [0, 0], 31)
    }

    /// Rows of the embedding table.
    public var rows: Int { ids.count + 2 }
    /// The row of ids that are not known.
    public var unseenRow: Int { ids.count + 1 }

    /// The row of an id; see the type for the cost.
    public func row(of id: UInt32) -> Int {
        var rows = [id]
        replaceByRows(&rows)
        return Int(rows[0])
    }

    /// Puts the row of each id in its place. Allocates nothing where the array is uniquely held.
    public func replaceByRows(_ ids: inout [UInt32]) {
        ids.withUnsafeMutableBufferPointer { target in
            self.ids.withUnsafeBufferPointer { known in
                starts.withUnsafeBufferPointer { starts in
                    for index in target.indices {
                        target[index] = Self.row(of: target[index], known, starts, shift)
                    }
                }
            }
        }
    }

    /// The rows of some ids.
    public func rows(of ids: [UInt32]) -> [UInt32] {
        var rows = ids
        replaceByRows(&rows)
        return rows
    }

    @inline(__always)
    private static func row(
        of id: UInt32, _ known: UnsafeBufferPointer<UInt32>, _ starts: UnsafeBufferPointer<UInt32>, _ shift: UInt32
    ) -> UInt32 {
        let unseen = UInt32(truncatingIfNeeded: known.count &+ 1)
        guard id <= largestID else { return unseen }
        if id == 0 { return 0 }
        let bucket = Int(id >> shift)
        var low = Int(starts[bucket])
        var high = Int(starts[bucket &+ 1])
        while high &- low > 8 {
            let middle = (low &+ high) / 2
            if known[middle] < id { low = middle &+ 1 } else { high = middle &+ 1 }
        }
        while low < high, known[low] < id { low &+= 1 }
        return low < high && known[low] == id ? UInt32(truncatingIfNeeded: low &+ 1) : unseen
    }
}

/// The tables of ids of a model's fields.
public struct IDTables: Equatable, Sendable {
    /// The table of each field, the same for all fields with one embedding table; nil where an id is its row's number.
    public let tables: [IDTable?]

    /// Every id is the number of its row.
    public static let none = IDTables([])

    /// - Parameter tables: by field; fields beyond its end have none.
    public init(_ tables: [IDTable?]) {
        self.tables = tables.contains { $0 != nil } ? tables : []
    }

    public subscript(field: Int) -> IDTable? { field < tables.count ? tables[field] : nil }

    /// The rows of the ids of all fields.
    public func rows(of ids: [FieldIDs]) -> [FieldIDs] {
        guard !tables.isEmpty else { return ids }
        var rows = ids
        for field in rows.indices { self[field]?.replaceByRows(&rows[field].ids) }
        return rows
    }
}

extension IDTables {
    /// `ids.<field>`, Int32 `[ids]`, ascending, for each field with its own table whose ids have one.
    ///
    /// - Throws: `SafetensorsError` where a table is missing, is none, or has not as many ids as the layout has rows
    ///   for.
    package init(_ file: Safetensors, _ layout: InputLayout) throws {
        var own: [Int: IDTable] = [:]
        for field in layout.ownFields where layout.fields[field].hasIDTable == true {
            let name = Self.tensor(layout.fields[field].name)
            let expected = [layout.fields[field].rows - 2]
            guard let tensor = file.integers[name], tensor.shape == expected else {
                throw SafetensorsError.tensor(name: name, expected: expected, found: file.integers[name]?.shape)
            }
            guard let table = IDTable(tensor.values.map { UInt32(bitPattern: $0) }) else {
                throw SafetensorsError.malformed("the ids of \(name) are not ascending numbers above 0")
            }
            own[field] = table
        }
        self.init(own.isEmpty ? [] : layout.owners.map { own[$0] })
        let owners = layout.owners
        guard layout.with(self) == layout,
            layout.fields.indices.allSatisfy({ layout.fields[$0].hasIDTable == layout.fields[owners[$0]].hasIDTable })
        else { throw SafetensorsError.metadata(ModelDescription.key) }
    }

    package func write(to file: inout Safetensors, _ layout: InputLayout) {
        for field in layout.ownFields {
            guard let table = self[field] else { continue }
            file.integers[Self.tensor(layout.fields[field].name)] = Safetensors.Integers(
                shape: [table.ids.count], values: table.ids.map { Int32(bitPattern: $0) })
        }
    }

    private static func tensor(_ field: String) -> String { "ids.\(field)" }
}

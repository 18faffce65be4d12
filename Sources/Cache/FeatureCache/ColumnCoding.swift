/// The coding of a column of numbers in a block: the values themselves or their numbers in the file's dictionary, each
/// minus the smallest, at the fewest bits.
enum ColumnCoding: UInt8 {
    case plain = 0
    case dictionary = 1

    /// Bytes before the packed numbers: coding, width, base.
    static let headBytes = 10

    /// Appends a column's values directly.
    static func append<Number: FixedWidthInteger & UnsignedInteger>(_ column: [Number], to bytes: inout [UInt8]) {
        append(column, as: .plain, to: &bytes)
    }

    /// Appends a column, through the dictionary if that is smaller.
    ///
    /// - Returns: How it was stored; the dictionary has counted the values if they went through it.
    @discardableResult
    static func append<Number: FixedWidthInteger & UnsignedInteger>(
        _ column: [Number], with dictionary: inout ValueDictionary<Number>, to bytes: inout [UInt8]
    ) -> ColumnCoding {
        let (base, top) = range(column)
        let bits = BitPacking.width(of: UInt64(top - base))
        let entryBits = min(Number.bitWidth, BitPacking.width(of: UInt64(top)))
        if bits > 0, let codes = dictionary.encode(column, valueBits: bits, entryBits: entryBits) {
            append(codes, as: .dictionary, to: &bytes)
            return .dictionary
        }
        append(column, as: .plain, to: &bytes)
        return .plain
    }

    private static func append<Number: FixedWidthInteger & UnsignedInteger>(
        _ column: [Number], as coding: ColumnCoding, to bytes: inout [UInt8]
    ) {
        let (base, top) = range(column)
        let width = storedWidth(BitPacking.width(of: UInt64(top - base)), column)
        bytes.append(coding.rawValue)
        bytes.append(UInt8(width))
        bytes.append(UInt64(base))
        BitPacking.pack(column, base: base, width: width, into: &bytes)
    }

    /// Returns whole bytes if values come in runs, because LZ4 finds runs only there; otherwise the fewest bits.
    private static func storedWidth<Number: FixedWidthInteger>(_ width: Int, _ column: [Number]) -> Int {
        if width == 0 { return 0 }
        if width > 32 { return 64 }
        // As wide as the values, so that many are compared at once.
        var changes: Number = 0
        column.withUnsafeBufferPointer { column in
            for index in 1..<column.count { changes &+= column[index] == column[index &- 1] ? 0 : 1 }
        }
        // A run costs LZ4 about three bytes, including its literal.
        guard Int(changes) * 24 < column.count * width else { return width }
        return width <= 8 ? 8 : width <= 16 ? 16 : 32
    }

    private static func range<Number: FixedWidthInteger>(_ column: [Number]) -> (base: Number, top: Number) {
        guard var base = column.first else { return (0, 0) }
        var top = base
        for value in column {
            base = min(base, value)
            top = max(top, value)
        }
        return (base, top)
    }
}

/// The way a column is stored in a block.
struct StoredColumn {
    var name: String
    var coding: ColumnCoding
    var width: Int
    var bytes: Int
}

/// A cursor that reads columns from a payload, never past its end; nothing in it is trusted before it is checked.
struct ColumnCursor {
    let bytes: [UInt8]
    private(set) var offset = 0
    /// The columns read so far, with their heads and numbers.
    private(set) var taken: [StoredColumn] = []

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Reads the next column.
    ///
    /// - Parameters:
    ///   - count: The number of values; the caller has bounded it.
    ///   - dictionary: The file's dictionary for this column; nil if the format allows none.
    ///   - what: The column's name, for the error.
    mutating func take<Number: FixedWidthInteger & UnsignedInteger>(
        _ count: Int, dictionary: [Number]? = nil, _ what: @autoclosure () -> String
    ) throws(LayoutError) -> [Number] {
        guard offset + ColumnCoding.headBytes <= bytes.count else {
            throw LayoutError("the block ends before \(what())")
        }
        let coding = ColumnCoding(rawValue: bytes[offset])
        let width = Int(bytes[offset + 1])
        let base = bytes.littleEndian64(at: offset + 2)
        guard let coding, coding == .plain || dictionary != nil else {
            throw LayoutError("the coding of \(what()) is \(bytes[offset]), which is not a coding")
        }
        guard width <= 32 || width == 64 && coding == .plain && Number.bitWidth == 64 else {
            throw LayoutError("the width of \(what()) is \(width) bits")
        }
        offset += ColumnCoding.headBytes
        guard let size = BitPacking.bytes(count: count, width: width), size <= bytes.count - offset else {
            throw LayoutError("\(what()) need \(count) values of \(width) bits, the block ends before them")
        }
        defer { offset += size }
        taken.append(
            StoredColumn(name: what(), coding: coding, width: width, bytes: ColumnCoding.headBytes + size))
        switch coding {
        case .plain:
            // Overflowing sums wrap around; whatever a hostile file makes of that, ids are checked against their table.
            guard let base = Number(exactly: base) else { throw LayoutError("the base of \(what()) is \(base)") }
            return BitPacking.unpack(bytes, offset: offset, count: count, width: width, base: base)
        case .dictionary:
            let values = dictionary ?? []
            guard let base = UInt32(exactly: base) else { throw LayoutError("the base of \(what()) is \(base)") }
            let codes: [UInt32] = BitPacking.unpack(bytes, offset: offset, count: count, width: width, base: base)
            var outside = false
            let column = codes.map { code -> Number in
                if Int(code) < values.count { return values[Int(code)] }
                outside = true
                return 0
            }
            if outside { throw LayoutError("a number in \(what()) is beyond the dictionary's \(values.count) values") }
            return column
        }
    }

    /// Reads the next number, little endian.
    mutating func count(_ what: String) throws(LayoutError) -> Int {
        guard offset + 4 <= bytes.count else { throw LayoutError("the block ends before \(what)") }
        defer { offset += 4 }
        return Int(bytes.littleEndian32(at: offset))
    }
}

extension CacheReader {
    /// What a file's columns take before LZ4 sees them, found by reading every block.
    public struct ColumnSize: Equatable, Sendable {
        public var name: String
        /// Packed bytes in all blocks.
        public var bytes: Int
        /// Fewest and most bits a value takes in a block.
        public var bits: ClosedRange<Int>
        /// Blocks that hold numbers of the file's dictionary instead of values.
        public var dictionaryBlocks: Int
    }

    /// Reads every block and measures its columns.
    ///
    /// - Throws: `CacheError` for the first block that is damaged.
    public func columnSizes() throws(CacheError) -> [ColumnSize] {
        var sizes: [ColumnSize] = []
        for number in 0..<blockCount {
            for (index, column) in try columns(ofBlock: number).enumerated() {
                if index == sizes.count {
                    sizes.append(
                        ColumnSize(name: column.name, bytes: 0, bits: column.width...column.width, dictionaryBlocks: 0))
                }
                sizes[index].bytes += column.bytes
                sizes[index].bits =
                    min(sizes[index].bits.lowerBound, column.width)...max(sizes[index].bits.upperBound, column.width)
                sizes[index].dictionaryBlocks += column.coding == .dictionary ? 1 : 0
            }
        }
        return sizes
    }
}

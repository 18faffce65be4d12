extension CacheReader {
    /// The size of a file's column before LZ4 compression, found by reading every block.
    public struct ColumnSize: Equatable, Sendable {
        public var name: String
        /// Packed bytes in all blocks.
        public var bytes: Int
        /// The fewest and most bits per value in any block.
        public var bits: ClosedRange<Int>
        /// Number of blocks that hold dictionary numbers instead of values.
        public var dictionaryBlocks: Int
    }

    /// Reads every block and measures its columns.
    ///
    /// - Throws: `CacheError` for the first damaged block.
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

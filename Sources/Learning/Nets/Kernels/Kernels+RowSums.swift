import CLoops

extension Kernels {
    /// Numbers of a line that are summed together: as many as stay in a CPU's registers.
    static let lineGroup = 16
    static let widestLine = 64

    /// sums [rows, width] = for each row the lines that its entries name, times their shares, added up.
    ///
    /// - Parameters:
    ///   - strideSums: floats from a line of sums to the next.
    ///   - lines: `[lines, lineWidth]`, where the width is a multiple of `lineGroup`, at most `widestLine`.
    ///   - shares: by entry; nil: all 1.
    static func sumLines(
        _ lines: UnsafePointer<Float>, lineWidth: Int, _ entries: LineEntries,
        into sums: UnsafeMutablePointer<Float>, strideSums: Int, width: Int
    ) {
        row_sums(
            sums, strideSums, width, lines, lineWidth / lineGroup, entries.rows, entries.starts, entries.places,
            entries.shares)
    }

    /// Which lines each row is the sum of: those of the entries `starts[r]..<starts[r + 1]`.
    struct LineEntries {
        var rows: Int
        var starts: UnsafePointer<Int32>
        var places: UnsafePointer<Int32>
        var shares: UnsafePointer<Float>?
    }
}

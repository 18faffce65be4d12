/// Arrays of C strings for libpq.
enum CStrings {
    /// Passes a null-terminated array of C strings to the body, in which alone it is valid.
    static func with<Result>(
        _ strings: [String], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        withPointers(strings.map { Array($0.utf8) + [0] } + [nil]) { body($0) }
    }

    /// Passes pointers to each buffer's bytes, nil for a nil buffer; valid only within the body.
    static func withPointers<Result>(
        _ buffers: [[UInt8]?], _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> Result
    ) -> Result {
        let total = buffers.reduce(0) { $0 + ($1?.count ?? 0) }
        let flat = UnsafeMutablePointer<CChar>.allocate(capacity: max(1, total))
        defer { flat.deallocate() }
        var pointers: [UnsafePointer<CChar>?] = []
        var offset = 0
        for buffer in buffers {
            guard let buffer else {
                pointers.append(nil)
                continue
            }
            for (index, byte) in buffer.enumerated() { flat[offset + index] = CChar(bitPattern: byte) }
            pointers.append(UnsafePointer(flat + offset))
            offset += buffer.count
        }
        // One entry more than there are buffers: the array has an address even when there are none.
        let table = UnsafeMutablePointer<UnsafePointer<CChar>?>.allocate(capacity: pointers.count + 1)
        defer { table.deallocate() }
        table.initialize(repeating: nil, count: pointers.count + 1)
        for (index, pointer) in pointers.enumerated() { table[index] = pointer }
        return body(table)
    }
}

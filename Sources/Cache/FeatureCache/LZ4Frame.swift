import CLZ4

/// Standard LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), one per block: independent
/// blocks, content checksum, content size.
enum LZ4Frame {
    /// - Throws: `LZ4Error` with the library's name for the error.
    static func compress(_ bytes: [UInt8]) throws(LZ4Error) -> [UInt8] {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.blockSizeID = LZ4F_max4MB
        preferences.frameInfo.blockMode = LZ4F_blockIndependent
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        preferences.frameInfo.contentSize = UInt64(bytes.count)
        let bound = LZ4F_compressFrameBound(bytes.count, &preferences)
        var code = 0
        let frame = [UInt8](unsafeUninitializedCapacity: bound) { buffer, initialized in
            code = LZ4F_compressFrame(buffer.baseAddress, bound, bytes, bytes.count, &preferences)
            initialized = LZ4F_isError(code) == 0 ? code : 0
        }
        guard LZ4F_isError(code) == 0 else { throw LZ4Error(code) }
        return frame
    }

    /// Decompresses one frame to exactly `size` bytes; the caller has bounded `size` by the frame's length.
    static func decompress(_ frame: [UInt8], size: Int) throws(LZ4Error) -> [UInt8] {
        var context: OpaquePointer?
        let created = LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        guard LZ4F_isError(created) == 0, let context else { throw LZ4Error(created) }
        defer { LZ4F_freeDecompressionContext(context) }
        var failure: LZ4Error?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, initialized in
            initialized = 0
            frame.withUnsafeBytes { source in
                var consumed = 0
                var hint = 1
                while hint != 0 {
                    var read = source.count - consumed
                    var written = size - initialized
                    hint = LZ4F_decompress(
                        context, buffer.baseAddress.map { $0 + initialized }, &written,
                        source.baseAddress.map { $0 + consumed }, &read, nil)
                    if LZ4F_isError(hint) != 0 {
                        failure = LZ4Error(hint)
                        return
                    }
                    consumed += read
                    initialized += written
                    // No progress although the frame expects more: it is cut off, or longer than it should be.
                    if hint != 0, read == 0, written == 0 {
                        failure = LZ4Error(message: "the frame does not end where it should")
                        return
                    }
                }
                if consumed != source.count { failure = LZ4Error(message: "bytes follow the frame") }
            }
        }
        if let failure { throw failure }
        guard bytes.count == size else { throw LZ4Error(message: "it holds \(bytes.count) bytes, expected \(size)") }
        return bytes
    }
}

/// An error of the LZ4 library, by its own name for it.
struct LZ4Error: Error {
    let message: String

    init(message: String) {
        self.message = message
    }

    init(_ code: Int) {
        message = LZ4F_getErrorName(code).map { String(cString: $0) } ?? "unknown error"
    }
}

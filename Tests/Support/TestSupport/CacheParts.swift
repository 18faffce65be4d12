import CLZ4
import CXXHash
import CounterRandom

/// A cache file taken apart as the page CacheFileFormat describes it, and put together again with right checksums.
public struct CacheParts {
    public var header: [UInt8]
    public var frames: [(payload: [UInt8], rows: UInt64, claimedBytes: UInt64?)] = []

    /// Takes a whole file apart.
    public init(_ file: [UInt8]) {
        func number(_ offset: Int, _ bytes: Int) -> Int {
            (0..<bytes).reversed().reduce(0) { $0 << 8 | Int(file[offset + $1]) }
        }
        let headerBytes = number(file.count - 24, 4)
        let blocks = number(file.count - 20, 4)
        let start = file.count - 24 - 40 * blocks - headerBytes
        header = Array(file[start..<start + headerBytes])
        for block in 0..<blocks {
            let entry = start + headerBytes + 40 * block
            let (offset, size) = (number(entry, 8), number(entry + 8, 8))
            let payload = Self.decompress(Array(file[offset..<offset + size]), number(entry + 16, 8))
            frames.append((payload, UInt64(number(entry + 24, 8)), nil))
        }
    }

    /// Changes something that the checksums would hide: a frame, or the header.
    public mutating func deface(
        with other: CacheParts, _ random: inout CounterRandom,
        header change: (inout [UInt8], inout CounterRandom) -> Void
    ) {
        func below(_ count: Int) -> Int { Int(random.next() % UInt64(count)) }
        let frame = below(frames.count)
        switch below(6) {
        case 0:
            // A payload byte, often of a column's head.
            if !frames[frame].payload.isEmpty {
                frames[frame].payload[below(min(frames[frame].payload.count, 400))] = UInt8(below(256))
            }
        case 1: frames[frame].payload.removeLast(below(frames[frame].payload.count + 1))
        case 2: frames[frame] = other.frames[below(other.frames.count)]
        case 3:
            frames[frame].rows = [0, 1, 1 << 20, 1 << 32, 1 << 62, .max, frames[frame].rows &+ 1][below(7)]
        case 4: frames[frame].claimedBytes = [0, 1 << 20, 1 << 31, 1 << 40, .max][below(5)]
        default: change(&header, &random)
        }
    }

    /// The file of these parts, with right checksums.
    public var signed: [UInt8] {
        func little(_ value: UInt64, _ bytes: Int) -> [UInt8] {
            (0..<bytes).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
        }
        var file: [UInt8] = []
        var index: [UInt8] = []
        for frame in frames {
            let bytes = Self.compress(frame.payload)
            index += little(UInt64(file.count), 8) + little(UInt64(bytes.count), 8)
            index += little(frame.claimedBytes ?? UInt64(frame.payload.count), 8) + little(frame.rows, 8)
            index += little(XXH64(bytes, bytes.count, 0), 8)
            file += bytes
        }
        let content = header + index
        file += little(0x184D_2A5E, 4) + little(UInt64(content.count + 24), 4) + content
        file += little(UInt64(header.count), 4) + little(UInt64(frames.count), 4)
        return file + little(XXH64(content, content.count, 0), 8) + Array("ROCKETC1".utf8)
    }

    private static func compress(_ bytes: [UInt8]) -> [UInt8] {
        var preferences = LZ4F_preferences_t()
        preferences.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled
        preferences.frameInfo.contentSize = UInt64(bytes.count)
        var frame = [UInt8](repeating: 0, count: LZ4F_compressFrameBound(bytes.count, &preferences))
        let size = LZ4F_compressFrame(&frame, frame.count, bytes, bytes.count, &preferences)
        return Array(frame.prefix(size))
    }

    private static func decompress(_ frame: [UInt8], _ size: Int) -> [UInt8] {
        var context: OpaquePointer?
        LZ4F_createDecompressionContext(&context, UInt32(LZ4F_VERSION))
        defer { LZ4F_freeDecompressionContext(context) }
        var bytes = [UInt8](repeating: 0, count: size)
        var (read, written) = (frame.count, size)
        LZ4F_decompress(context, &bytes, &written, frame, &read, nil)
        return bytes
    }
}

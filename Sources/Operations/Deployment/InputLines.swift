import Foundation

/// Lines of bytes, as they come; nothing in them is changed.
public struct InputLines {
    private let file: FileHandle
    /// No row of values is longer; without an end of line the memory would fill.
    private static let mostBytes = 1 << 26

    public init(_ file: FileHandle) {
        self.file = file
    }

    /// Calls the body with each line that is not blank, its end and a byte-order mark before the first left out.
    ///
    /// - Throws: `TooLong`, what the file throws.
    public func forEachLine(_ body: (ArraySlice<UInt8>) throws -> Void) throws {
        var rest: [UInt8] = []
        var number = 0
        func line(_ bytes: ArraySlice<UInt8>) throws {
            number += 1
            var bytes = bytes
            if number == 1, bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
            if bytes.last == UInt8(ascii: "\r") { bytes = bytes.dropLast() }
            let isBlank = bytes.allSatisfy { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            if !isBlank { try body(bytes) }
        }
        while let read = try file.read(upToCount: 1 << 16), !read.isEmpty {
            // Only what is new is looked through.
            var (start, from) = (0, rest.count)
            rest += read
            while let end = rest[from...].firstIndex(of: UInt8(ascii: "\n")) {
                try line(rest[start..<end])
                start = end + 1
                from = start
            }
            if start > 0 { rest.removeFirst(start) }
            guard rest.count <= Self.mostBytes else { throw TooLong(line: number + 1) }
        }
        if !rest.isEmpty { try line(rest[...]) }
    }

    /// A line that is none.
    public struct TooLong: Error, CustomStringConvertible {
        public let line: Int

        public var description: String {
            "line \(line) of standard input is longer than 64 MiB; expected JSON lines, an object each"
        }
    }
}

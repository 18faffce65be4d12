import CCSV
import CZLib
import Foundation

/// One record of a file, with the line that it begins on.
public struct FileRecord: Equatable, Sendable {
    public var line: Int
    public var fields: [String]
    /// Whether all fields were valid UTF-8.
    public var isUTF8: Bool
}

/// Reads records of a delimited text file as a stream: libcsv parses, zlib opens plain and gzipped files alike. Memory:
/// one read buffer and the records in it.
public struct RecordReader {
    private let path: String
    private let delimiter: UInt8
    private let quotes: Bool

    /// - Parameter quotes: false for formats that know none; a quote is then a character like any other.
    public init(path: String, delimiter: UInt8, quotes: Bool = true) {
        self.path = path
        self.delimiter = delimiter
        self.quotes = quotes
    }

    /// Calls `body` with each record in order. Empty lines are no records.
    ///
    /// - Throws: `ImportError.unreadable`, and what `body` throws.
    public func forEach(_ body: (FileRecord) throws -> Void) throws {
        guard let file = gzopen(path, "rb") else {
            throw ImportError.unreadable(file: path, reason: String(cString: strerror(errno)))
        }
        defer { gzclose(file) }
        let sink = Sink()
        var parser = csv_parser()
        guard csv_init(&parser, UInt8(CSV_APPEND_NULL)) == 0 else {
            throw ImportError.unreadable(file: path, reason: "the CSV parser cannot begin")
        }
        defer { csv_free(&parser) }
        csv_set_delim(&parser, delimiter)
        // No text holds a NUL, so this quote never comes.
        if !quotes { csv_set_quote(&parser, 0) }
        // Blanks around a value belong to it, unless a library's habit of dropping them is asked for.
        csv_set_space_func(&parser) { _ in 0 }
        let opaque = Unmanaged.passUnretained(sink).toOpaque()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var isFirst = true
        while true {
            let count = Int(gzread(file, &buffer, UInt32(buffer.count)))
            guard count >= 0 else { throw ImportError.unreadable(file: path, reason: Self.reason(file)) }
            if count == 0 { break }
            // A byte order mark is not part of the first field.
            let skip = isFirst && buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            isFirst = false
            // Line by line, so that each record's line is known even where fields hold line breaks.
            var start = skip
            while start < count {
                var end = start
                while end < count, buffer[end] != UInt8(ascii: "\n") { end += 1 }
                let hasBreak = end < count
                let length = end - start + (hasBreak ? 1 : 0)
                let parsed = buffer.withUnsafeBytes {
                    csv_parse(
                        &parser, $0.baseAddress.map { $0 + start }, length, Sink.field, Sink.record, opaque)
                }
                guard parsed == length else {
                    throw ImportError.unreadable(file: path, reason: "line \(sink.line): not a delimited record")
                }
                if hasBreak { sink.endLine() }
                start += length
                try sink.drain(body)
            }
        }
        var code: Int32 = 0
        _ = gzerror(file, &code)
        guard code == Z_OK || code == Z_STREAM_END else {
            throw ImportError.unreadable(file: path, reason: Self.reason(file))
        }
        csv_fini(&parser, Sink.field, Sink.record, opaque)
        try sink.drain(body)
    }

    private static func reason(_ file: gzFile) -> String {
        var code: Int32 = 0
        return gzerror(file, &code).map { String(cString: $0) } ?? "zlib error \(code)"
    }
}

/// Takes fields and records from libcsv's callbacks.
private final class Sink {
    private(set) var line = 1
    private var recordLine = 1
    private var fields: [String] = []
    private var isUTF8 = true
    private var records: [FileRecord] = []

    static let field: @convention(c) (UnsafeMutableRawPointer?, Int, UnsafeMutableRawPointer?) -> Void = {
        bytes, count, opaque in
        guard let opaque else { return }
        Unmanaged<Sink>.fromOpaque(opaque).takeUnretainedValue()
            .append(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : count))
    }

    static let record: @convention(c) (Int32, UnsafeMutableRawPointer?) -> Void = { _, opaque in
        guard let opaque else { return }
        Unmanaged<Sink>.fromOpaque(opaque).takeUnretainedValue().endRecord()
    }

    private func append(_ bytes: UnsafeRawBufferPointer) {
        if let text = String(validating: bytes, as: UTF8.self) {
            fields.append(text)
        } else {
            isUTF8 = false
            fields.append(String(decoding: bytes, as: UTF8.self))
        }
    }

    private func endRecord() {
        records.append(FileRecord(line: recordLine, fields: fields, isUTF8: isUTF8))
        fields = []
        isUTF8 = true
    }

    /// After the last byte of a line; a record that goes on keeps its first line.
    func endLine() {
        line += 1
        if fields.isEmpty { recordLine = line }
    }

    func drain(_ body: (FileRecord) throws -> Void) throws {
        let ready = records
        records.removeAll(keepingCapacity: true)
        for record in ready { try body(record) }
        if !ready.isEmpty { recordLine = line }
    }
}

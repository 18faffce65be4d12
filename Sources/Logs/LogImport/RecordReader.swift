import CCSV
import CZLib
import Foundation

/// One record of a file, and the line it begins on.
public struct FileRecord: Equatable, Sendable {
    public var line: Int
    public var fields: [String]
    /// The record as it stands in the file: at most its first 2,000 bytes, without its final line break.
    public var raw: String
    /// Whether all fields were valid UTF-8.
    public var isUTF8: Bool
}

/// A streaming reader of a delimited text file: libcsv parses, zlib opens plain and gzipped files alike. Memory: one
/// read buffer and its records; a record has at most `recordBytes`.
public struct RecordReader {
    private let path: String
    private let delimiter: UInt8
    private let quotes: Bool

    /// - Parameter quotes: False for formats without quoting, in which a quote is an ordinary character.
    public init(path: String, delimiter: UInt8, quotes: Bool = true) {
        self.path = path
        self.delimiter = delimiter
        self.quotes = quotes
    }

    /// Calls `body` with each record in order. Empty lines are skipped.
    ///
    /// - Throws: `ImportError.unreadable`, `.openQuote` for a quote that nothing closes, and what `body` throws.
    public func forEachRecord(_ body: (FileRecord) throws -> Void) throws {
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
        // No text holds a NUL, so this quote never occurs.
        if !quotes { csv_set_quote(&parser, 0) }
        // Blanks around a value belong to it; libcsv drops them unless told otherwise.
        csv_set_space_func(&parser) { _ in 0 }
        let opaque = Unmanaged.passUnretained(sink).toOpaque()
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var isFirst = true
        // A carriage return at the end of the buffer is held back until the next byte is known.
        var held = 0
        while true {
            let got = buffer.withUnsafeMutableBytes { buffer in
                Int(gzread(file, buffer.baseAddress.map { $0 + held }, UInt32(buffer.count - held)))
            }
            guard got >= 0 else { throw ImportError.unreadable(file: path, reason: Self.reason(file)) }
            var count = got + held
            if count == 0 { break }
            held = got > 0 && buffer[count - 1] == UInt8(ascii: "\r") ? 1 : 0
            count -= held
            // A byte order mark is not part of the first field.
            let skip = isFirst && buffer.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
            if isFirst, let reason = Self.otherFormat(buffer.prefix(count)) {
                throw ImportError.unreadable(file: path, reason: reason)
            }
            isFirst = false
            // Line by line, so that each record's line is known even where fields hold line breaks.
            var start = skip
            while start < count {
                let (length, hasBreak) = Self.line(buffer, from: start, to: count)
                sink.keep(buffer[start..<start + length])
                let parsed = buffer.withUnsafeBytes {
                    csv_parse(
                        &parser, $0.baseAddress.map { $0 + start }, length, Sink.field, Sink.record, opaque)
                }
                guard parsed == length else {
                    throw ImportError.unreadable(file: path, reason: "line \(sink.line): not a delimited record")
                }
                guard sink.recordBytes <= Self.recordBytes else {
                    throw ImportError.openQuote(file: path, line: sink.recordLine, rows: sink.line - sink.recordLine)
                }
                if hasBreak { sink.endLine(goesOn: parser.pstate != Self.betweenRecords) }
                start += length
                try sink.drain(body)
            }
            if held == 1 { buffer[0] = UInt8(ascii: "\r") }
        }
        var code: Int32 = 0
        _ = gzerror(file, &code)
        guard code == Z_OK || code == Z_STREAM_END else {
            throw ImportError.unreadable(file: path, reason: Self.reason(file))
        }
        guard parser.pstate != Self.withinField || parser.quoted == 0 else {
            throw ImportError.openQuote(file: path, line: sink.recordLine, rows: sink.line - sink.recordLine)
        }
        csv_fini(&parser, Sink.field, Sink.record, opaque)
        try sink.drain(body)
    }

    /// Returns the bytes up to and including the next line break: a line feed, a carriage return, or both.
    private static func line(_ buffer: [UInt8], from start: Int, to count: Int) -> (length: Int, hasBreak: Bool) {
        var end = start
        while end < count, buffer[end] != UInt8(ascii: "\n"), buffer[end] != UInt8(ascii: "\r") { end += 1 }
        guard end < count else { return (end - start, false) }
        let isPair = buffer[end] == UInt8(ascii: "\r") && end + 1 < count && buffer[end + 1] == UInt8(ascii: "\n")
        return (end - start + (isPair ? 2 : 1), true)
    }

    /// Returns what a file is that is no text in UTF-8, by its first bytes; nil if they do not tell.
    private static func otherFormat(_ bytes: ArraySlice<UInt8>) -> String? {
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) {
            return "it is text in UTF-16; save it as UTF-8: iconv -f UTF-16 -t UTF-8"
        }
        return bytes.starts(with: [0x50, 0x4B, 3, 4]) ? "it is a zip archive or a workbook; save its rows as csv" : nil
    }

    /// States of libcsv's parser: ROW_NOT_BEGUN and FIELD_BEGUN in its source. Its own check for an unclosed quote
    /// exists only in a strict mode, which ends the file at the first stray quote.
    private static let betweenRecords: Int32 = 0
    private static let withinField: Int32 = 2

    /// No row of a log is longer; a longer one results from an unclosed quote.
    private static let recordBytes = 16 << 20

    private static func reason(_ file: gzFile) -> String {
        var code: Int32 = 0
        return gzerror(file, &code).map { String(cString: $0) } ?? "zlib error \(code)"
    }
}

/// The receiver of libcsv's callbacks.
private final class Sink {
    private(set) var line = 1
    /// The line on which the current record begins.
    private(set) var recordLine = 1
    private(set) var recordBytes = 0
    private var raw: [UInt8] = []
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

    /// Keeps the bytes that are about to be parsed.
    func keep(_ bytes: ArraySlice<UInt8>) {
        recordBytes += bytes.count
        raw += bytes.prefix(Self.rawBytes - raw.count)
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
        records.append(FileRecord(line: recordLine, fields: fields, raw: rawText(), isUTF8: isUTF8))
        fields = []
        isUTF8 = true
    }

    private func rawText() -> String {
        var bytes = raw[...]
        // A character that the cut split is left out; invalid UTF-8 in the file stays visible as �.
        if recordBytes > bytes.count {
            let tail = bytes.suffix(4)
            if let lead = tail.lastIndex(where: { $0 & 0xC0 != 0x80 }), tail[lead] >= 0xC0,
                tail.endIndex - lead < (~tail[lead]).leadingZeroBitCount
            {
                bytes = bytes[..<lead]
            }
        }
        while let last = bytes.last, last == UInt8(ascii: "\n") || last == UInt8(ascii: "\r") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Ends a line; a record that continues keeps its first line.
    func endLine(goesOn: Bool) {
        line += 1
        if goesOn { return }
        recordLine = line
        recordBytes = 0
        raw.removeAll(keepingCapacity: true)
    }

    func drain(_ body: (FileRecord) throws -> Void) throws {
        let ready = records
        records.removeAll(keepingCapacity: true)
        for record in ready { try body(record) }
    }

    private static let rawBytes = 2_000
}

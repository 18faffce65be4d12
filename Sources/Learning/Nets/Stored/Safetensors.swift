import Foundation

/// The safetensors file format: a JSON header, then the tensors' bytes. https://github.com/huggingface/safetensors
///
/// Layout: header length (u64, little endian), header (JSON, padded with spaces to eight bytes), data.
public struct Safetensors: Sendable {
    /// Float32 tensors by name.
    public var tensors: [String: Tensor]
    /// Int32 tensors by name.
    public var integers: [String: Integers] = [:]
    /// Free text entries, `__metadata__` in the file.
    public var metadata: [String: String]

    public init(tensors: [String: Tensor], metadata: [String: String]) {
        self.tensors = tensors
        self.metadata = metadata
    }

    public struct Tensor: Equatable, Sendable {
        public var shape: [Int]
        public var values: [Float]

        public init(shape: [Int], values: [Float]) {
            self.shape = shape
            self.values = values
        }
    }

    public struct Integers: Equatable, Sendable {
        public var shape: [Int]
        public var values: [Int32]

        public init(shape: [Int], values: [Int32]) {
            self.shape = shape
            self.values = values
        }
    }

    /// The file's bytes; the same tensors give the same bytes.
    public func encoded() throws -> [UInt8] {
        var entries: [String: Entry] = [:]
        var offset = 0
        let names = (Array(tensors.keys) + Array(integers.keys)).sorted()
        for name in names {
            let (dtype, shape, count) =
                tensors[name].map { ("F32", $0.shape, $0.values.count) }
                ?? integers[name].map { ("I32", $0.shape, $0.values.count) } ?? ("", [], 0)
            entries[name] = Entry(dtype: dtype, shape: shape, dataOffsets: [offset, offset + 4 * count])
            offset += 4 * count
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var header = Array(try encoder.encode(Header(metadata: metadata, entries: entries)))
        header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + header.count + offset)
        withUnsafeBytes(of: UInt64(header.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes += header
        for name in names {
            tensors[name]?.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
            integers[name]?.values.withUnsafeBytes { bytes.append(contentsOf: $0) }
        }
        return bytes
    }

    /// - Parameter wanted: told a tensor's name, whether it is read; all are unless something else is said.
    /// - Throws: `SafetensorsError` for anything that is not such a file with Float32 and Int32 tensors.
    public init(_ bytes: [UInt8], wanted: (String) -> Bool = { _ in true }) throws {
        let (header, dataStart) = try Self.header(bytes)
        metadata = header.metadata
        tensors = [:]
        try Self.requireWhole(header, dataBytes: bytes.count - dataStart)
        for (name, entry) in header.entries {
            guard ["F32", "I32"].contains(entry.dtype) else {
                throw SafetensorsError.malformed("tensor \(name) is \(entry.dtype), expected F32 or I32")
            }
            guard entry.dataOffsets.count == 2, let start = entry.dataOffsets.first,
                let end = entry.dataOffsets.last,
                start >= 0, start <= end, end <= bytes.count - dataStart, entry.shape.allSatisfy({ $0 >= 0 }),
                let count = entry.shape.checkedProduct, count.multipliedReportingOverflow(by: 4) == (end - start, false)
            else { throw SafetensorsError.malformed("tensor \(name) does not lie within the file") }
            guard wanted(name) else { continue }
            let range = dataStart + start..<dataStart + end
            if entry.dtype == "I32" {
                integers[name] = Integers(shape: entry.shape, values: Self.numbers(bytes, range, count, zero: Int32(0)))
            } else {
                tensors[name] = Tensor(shape: entry.shape, values: Self.numbers(bytes, range, count, zero: Float(0)))
            }
        }
    }

    /// Reads the metadata of a file from its first bytes, without its tensors.
    ///
    /// - Throws: `SafetensorsError` if they are not the beginning of such a file, or end within its header.
    public static func metadata(beginning bytes: [UInt8]) throws -> [String: String] {
        try header(bytes).header.metadata
    }

    private static func header(_ bytes: [UInt8]) throws -> (header: Header, dataStart: Int) {
        guard bytes.count >= 8 else { throw SafetensorsError.malformed("it has only \(bytes.count) bytes") }
        let length = bytes[0..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard length <= UInt64(bytes.count - 8) else {
            throw SafetensorsError.malformed("its header would be \(length) bytes long")
        }
        let dataStart = 8 + Int(length)
        do {
            return (try JSONDecoder().decode(Header.self, from: Data(bytes[8..<dataStart])), dataStart)
        } catch {
            throw SafetensorsError.malformed("its header is not the JSON of the format")
        }
    }

    /// The format has neither gaps nor overlaps: else a small file could ask for any amount of memory.
    private static func requireWhole(_ header: Header, dataBytes: Int) throws {
        let places = header.entries.map { (name: $0.key, offsets: $0.value.dataOffsets) }
            .sorted { $0.offsets.lexicographicallyPrecedes($1.offsets) }
        var end = 0
        for (name, offsets) in places {
            guard offsets.count == 2, offsets[0] == end, offsets[1] >= end else {
                throw SafetensorsError.malformed("tensor \(name) does not begin where the one before it ends")
            }
            end = offsets[1]
        }
        guard end == dataBytes else {
            throw SafetensorsError.malformed("its tensors have \(end) bytes, the file has \(dataBytes) for them")
        }
    }

    /// Four-byte numbers at a range of bytes; the caller has checked the sizes.
    private static func numbers<Number>(
        _ bytes: [UInt8], _ range: Range<Int>, _ count: Int, zero: Number
    ) -> [Number] {
        var numbers = [Number](repeating: zero, count: count)
        numbers.withUnsafeMutableBytes { target in
            bytes.withUnsafeBytes { target.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[range])) }
        }
        return numbers
    }

    private struct Entry: Codable {
        var dtype: String
        var shape: [Int]
        var dataOffsets: [Int]

        enum CodingKeys: String, CodingKey {
            case dtype, shape
            case dataOffsets = "data_offsets"
        }
    }

    private struct Header: Codable {
        var metadata: [String: String]
        var entries: [String: Entry]

        struct Key: CodingKey {
            var stringValue: String
            var intValue: Int? { nil }
            init(stringValue: String) { self.stringValue = stringValue }
            init?(intValue: Int) { nil }
        }

        init(metadata: [String: String], entries: [String: Entry]) {
            self.metadata = metadata
            self.entries = entries
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            metadata = [:]
            entries = [:]
            for key in container.allKeys {
                if key.stringValue == "__metadata__" {
                    metadata = try container.decode([String: String].self, forKey: key)
                } else {
                    entries[key.stringValue] = try container.decode(Entry.self, forKey: key)
                }
            }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            try container.encode(metadata, forKey: Key(stringValue: "__metadata__"))
            for (name, entry) in entries { try container.encode(entry, forKey: Key(stringValue: name)) }
        }
    }
}

extension [Int] {
    /// Nil on overflow.
    fileprivate var checkedProduct: Int? {
        var product = 1
        for factor in self {
            let (next, overflow) = product.multipliedReportingOverflow(by: factor)
            if overflow { return nil }
            product = next
        }
        return product
    }
}

/// What is wrong with a safetensors file.
public enum SafetensorsError: Error, Equatable, CustomStringConvertible {
    case malformed(String)
    /// A tensor that the model needs is not there, or has another shape.
    case tensor(name: String, expected: [Int], found: [Int]?)
    case metadata(String)
    /// The model's description contradicts itself.
    case description(String)
    /// The model has no light net of this name.
    case noNet(String)

    public var description: String {
        switch self {
        case .malformed(let what):
            "the model is not a whole safetensors file of this program: \(what); \(Self.fetch)"
        case .tensor(let name, let expected, let found):
            "the model's tensor \(name) has shape \(found.map { "\($0)" } ?? "none"), expected \(expected); its files "
                + "are not of one version, or damaged; \(Self.fetch)"
        case .metadata(let key):
            "the model's metadata lacks a valid ‘\(key)’: this program did not write the file, or it is damaged; "
                + Self.fetch
        case .description(let what):
            "the model's description contradicts itself: \(what); \(Self.fetch)"
        case .noNet(let name):
            "the model has no light net ‘\(name)’; see its nets: rocket models show VERSION"
        }
    }

    private static let fetch = "fetch it again: rocket models pull VERSION"
}

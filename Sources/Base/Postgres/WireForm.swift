/// The binary forms of scalar values whose text form can be found without the server. All other types are requested as
/// `::text`. See the send functions of https://github.com/postgres/postgres, `src/backend/utils/adt`.
public enum WireForm: Hashable, Sendable {
    /// `text`, `character varying`: the bytes are the text.
    case text
    /// `smallint`, `integer`, `bigint`: 2, 4 or 8 bytes, big endian.
    case integer
    /// 16 bytes.
    case uuid
    /// One byte.
    case boolean
    /// `real`, `double precision`: 4 or 8 bytes; read as a number only, since only the server knows its text form.
    case float

    /// - Parameter type: The type as `format_type` writes it.
    public init?(type: String) {
        switch type {
        case "text", "character varying": self = .text
        case "smallint", "integer", "bigint": self = .integer
        case "uuid": self = .uuid
        case "boolean": self = .boolean
        case "real", "double precision": self = .float
        default: return nil
        }
    }

    /// Bytes that `text(of:scratch:)` needs.
    public static let scratchBytes = 40

    /// Returns the value's text form, as `::text` gives it; nil if the bytes are no value of this form.
    ///
    /// - Parameter scratch: At least `scratchBytes`; the result may lie in it until the next call.
    @inlinable
    public func text(
        of bytes: UnsafeRawBufferPointer, scratch: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer? {
        switch self {
        case .text: bytes
        case .integer: bytes.bigEndianInteger.map { Self.decimal($0, scratch) }
        case .uuid: bytes.count == 16 ? Self.hexadecimal(bytes, scratch) : nil
        case .boolean: bytes.count == 1 ? Self.word(bytes[0] != 0, scratch) : nil
        case .float: nil
        }
    }

    /// Returns the value as a number; nil if the bytes are not of this form, or are a text that is no number.
    public func number(of bytes: UnsafeRawBufferPointer) -> Double? {
        switch self {
        case .integer: return bytes.bigEndianInteger.map(Double.init)
        case .float:
            switch bytes.count {
            case 4: return Double(Float(bitPattern: UInt32(bitPattern: bytes.bigEndianInt32(at: 0) ?? 0)))
            case 8: return Double(bitPattern: UInt64(bitPattern: bytes.bigEndianInteger ?? 0))
            default: return nil
            }
        case .boolean: return bytes.count == 1 ? (bytes[0] != 0 ? 1 : 0) : nil
        case .text:
            // Hexadecimal digits, which Double would accept, are no number to PostgreSQL or to whoever wrote a log.
            guard !bytes.contains(where: { $0 | 32 == UInt8(ascii: "x") }) else { return nil }
            let text = String(decoding: bytes, as: UTF8.self)
            return Double(text.trimmingPrefix { $0 == " " })
        case .uuid: return nil
        }
    }

    /// Writes decimal digits, from the end of the scratch space.
    @usableFromInline
    static func decimal(_ value: Int64, _ scratch: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        var position = scratchBytes
        var rest = value.magnitude
        repeat {
            position &-= 1
            let (quotient, digit) = rest.quotientAndRemainder(dividingBy: 10)
            scratch[position] = UInt8(truncatingIfNeeded: 48 &+ digit)
            rest = quotient
        } while rest > 0
        if value < 0 {
            position &-= 1
            scratch[position] = UInt8(ascii: "-")
        }
        return UnsafeRawBufferPointer(rebasing: scratch[position..<scratchBytes])
    }

    @usableFromInline
    static func hexadecimal(
        _ bytes: UnsafeRawBufferPointer, _ scratch: UnsafeMutableRawBufferPointer
    ) -> UnsafeRawBufferPointer {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? 48 + value : 87 + value }
        var position = 0
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) {
                scratch[position] = UInt8(ascii: "-")
                position += 1
            }
            scratch[position] = digit(byte >> 4)
            scratch[position + 1] = digit(byte & 15)
            position += 2
        }
        return UnsafeRawBufferPointer(rebasing: scratch[..<position])
    }

    @usableFromInline
    static func word(_ value: Bool, _ scratch: UnsafeMutableRawBufferPointer) -> UnsafeRawBufferPointer {
        let text: StaticString = value ? "true" : "false"
        scratch.copyMemory(from: UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        return UnsafeRawBufferPointer(rebasing: scratch[..<text.utf8CodeUnitCount])
    }
}

extension UnsafeRawBufferPointer {
    /// Reads two, four or eight bytes as a whole number; nil for any other length.
    @inlinable
    public var bigEndianInteger: Int64? {
        switch count {
        case 8: Int64(bigEndian: loadUnaligned(as: Int64.self))
        case 4: Int64(Int32(bigEndian: loadUnaligned(as: Int32.self)))
        case 2: Int64(Int16(bigEndian: loadUnaligned(as: Int16.self)))
        default: nil
        }
    }
}

import CCSV

/// Fields of CSV output (RFC 4180).
public enum CSVField {
    /// Returns the text as one field: in quotes, with its own quotes doubled, if it holds a comma, a quote or a line
    /// break. Complexity: O(*n*).
    public static func quoted(_ text: String) -> String {
        let bytes = Array(text.utf8)
        guard bytes.contains(where: { [UInt8](",\"\r\n".utf8).contains($0) }) else { return text }
        // Twice as long, if every byte is a quote, and the two around it.
        let quoted = [UInt8](unsafeUninitializedCapacity: 2 * bytes.count + 2) { buffer, count in
            count = csv_write(buffer.baseAddress, buffer.count, bytes, bytes.count)
        }
        return String(decoding: quoted, as: UTF8.self)
    }
}

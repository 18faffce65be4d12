/// Keeps passwords out of what other programs are given.
public enum Passwords {
    /// A text with the passwords of connection strings and URIs replaced by `***`. Complexity: O(*n*), whatever the
    /// text.
    public static func hidden(in text: String) -> String {
        let bytes = Array(text.utf8)
        var shown: [UInt8] = []
        shown.reserveCapacity(bytes.count)
        var ends = CredentialEnds(bytes)
        var place = 0
        while place < bytes.count {
            if let secret = uriPassword(bytes, at: place, &ends) ?? keyPassword(bytes, at: place) {
                shown += bytes[place..<secret.lowerBound]
                shown += Array("***".utf8)
                place = secret.upperBound
            } else {
                shown.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: shown, as: UTF8.self)
    }

    /// An environment without the variables that hold a password: those called so, and connection strings with one.
    public static func removed(from environment: [String: String]) -> [String: String] {
        environment.filter { name, value in
            !name.uppercased().hasSuffix("PASSWORD") && hidden(in: value) == value
        }
    }

    /// The password of `scheme://user:password@host`, where `://` stands here. It ends at the last `@` before a blank:
    /// one that should have been written `%40` belongs to it.
    private static func uriPassword(_ bytes: [UInt8], at place: Int, _ ends: inout CredentialEnds) -> Range<Int>? {
        guard bytes[place] == UInt8(ascii: ":"), place > 0, isSchemeEnd(bytes[place - 1]),
            bytes[place...].starts(with: "://".utf8)
        else { return nil }
        var colon = place + 3
        while colon < bytes.count, !"/@:?".utf8.contains(bytes[colon]), !isBlank(bytes[colon]) { colon += 1 }
        guard colon < bytes.count, bytes[colon] == UInt8(ascii: ":"), let end = ends.lastAt(of: colon), end > colon + 1
        else { return nil }
        return colon + 1..<end
    }

    /// The value of `password=…`, plain or in single quotes.
    private static func keyPassword(_ bytes: [UInt8], at place: Int) -> Range<Int>? {
        guard bytes[place] | 0x20 == word[0], bytes.count - place > word.count,
            word.indices.allSatisfy({ bytes[place + $0] | 0x20 == word[$0] })
        else { return nil }
        var start = place + word.count
        while start < bytes.count, isBlank(bytes[start]) { start += 1 }
        guard start < bytes.count, bytes[start] == UInt8(ascii: "=") else { return nil }
        start += 1
        while start < bytes.count, isBlank(bytes[start]) { start += 1 }
        guard start < bytes.count else { return nil }
        var end = start
        if bytes[start] == UInt8(ascii: "'") {
            end += 1
            while end < bytes.count, bytes[end] != UInt8(ascii: "'") {
                end += bytes[end] == UInt8(ascii: "\\") ? 2 : 1
            }
            return start..<min(end + 1, bytes.count)
        }
        while end < bytes.count, !isBlank(bytes[end]), !"&'\"".utf8.contains(bytes[end]) { end += 1 }
        return end > start ? start..<end : nil
    }

    private static let word = Array("password".utf8)

    private static func isSchemeEnd(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (97...122).contains(byte | 0x20) || "+-.".utf8.contains(byte)
    }

    fileprivate static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

/// Where the credentials of a URI may end; each stretch without blanks is looked through once.
private struct CredentialEnds {
    private let bytes: [UInt8]
    private var stretch = 0..<0
    private var at: Int?

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// The last `@` of the stretch that a place is in; nil: there is none, or it is before the place.
    mutating func lastAt(of place: Int) -> Int? {
        if !stretch.contains(place) {
            var end = place
            at = nil
            while end < bytes.count, !Passwords.isBlank(bytes[end]) {
                if bytes[end] == UInt8(ascii: "@") { at = end }
                end += 1
            }
            stretch = place..<end
        }
        return at.flatMap { $0 > place ? $0 : nil }
    }
}

/// Names within a folder.
public enum FileName {
    /// Returns whether untrusted text names a file in a folder and nothing outside of it: no path, no `.` or `..`, no
    /// control character, and no longer than file systems allow.
    public static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= longest
            && !name.unicodeScalars.contains { $0 == "/" || $0.value < 0x20 || $0.value == 0x7F }
    }

    /// Returns `stem.<32 random hex digits>.tmp`, which nobody can guess; a long stem is cut.
    static func temporary(_ stem: String) -> String {
        var generator = SystemRandomNumberGenerator()
        let random = [generator.next(), generator.next()].map { (number: UInt64) in
            String(repeating: "0", count: 16 - String(number, radix: 16).count) + String(number, radix: 16)
        }
        var stem = Substring(stem)
        while stem.utf8.count > longest - 40 { stem.removeLast() }
        return "\(stem).\(random.joined()).tmp"
    }

    /// Returns whether a name is one that `temporary` makes from a stem.
    public static func isTemporary(_ name: String, stem: (Substring) -> Bool) -> Bool {
        guard name.hasSuffix(".tmp"), let dot = name.dropLast(4).lastIndex(of: ".") else { return false }
        let random = name[name.index(after: dot)...].dropLast(4)
        return random.utf8.count == 32 && random.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
            && stem(name[..<dot])
    }

    private static let longest = 255
}

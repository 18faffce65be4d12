import Foundation

/// Keeps passwords out of what other programs are given.
public enum Passwords {
    /// A text with the passwords of connection strings and URIs replaced by `***`.
    public static func hidden(in text: String) -> String {
        text
            .replacing(/([A-Za-z][A-Za-z0-9+.\-]*:\/\/[^\/@:\s]*):[^@\s]+@/) { "\($0.output.1):***@" }
            .replacing(/(?i)(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&'"]+)/) { "\($0.output.1)***" }
    }

    /// An environment without the variables that hold a password: those called so, and connection strings with one.
    public static func removed(from environment: [String: String]) -> [String: String] {
        environment.filter { name, value in
            !name.uppercased().hasSuffix("PASSWORD") && hidden(in: value) == value
        }
    }
}

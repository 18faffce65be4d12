import Foundation

/// Who is told when a run ends badly.
public struct FailureNotice: Equatable, Sendable {
    /// A program and its arguments; empty: none.
    public var command: [String]
    /// An `http` or `https` URL, or `$NAME`: the environment variable that holds it. Nil: none.
    public var webhook: String?
    /// Ends that are told although they are no failures.
    public var also: [Occasion]

    /// Ends of a run that need nobody at night, unless somebody wants to know.
    public enum Occasion: String, CaseIterable, Sendable {
        /// Another run of the model held the lock.
        case locked
        /// The promotion gate held the new version back.
        case held
        /// SIGTERM or SIGINT ended the run.
        case stopped
    }

    public init(command: [String] = [], webhook: String? = nil, also: [Occasion] = []) {
        self.command = command
        self.webhook = webhook
        self.also = also
    }
}

extension Form where Value == String {
    /// An argument of a program.
    static var argument: Form {
        Form(expected: "text without NUL, not empty") { scalar in
            scalar.text.flatMap { !$0.isEmpty && !$0.contains("\0") ? $0 : nil }
        }
    }

    /// `https://…`, `http://…`, or `$NAME`: jobs are kept in the database with their versions, so a URL that is a
    /// secret stays in the environment.
    static var webhook: Form {
        Form(
            expected: "a URL with http or https and a host, or $NAME of the environment variable that holds one",
            read: { scalar in
                guard let text = scalar.text else { return nil }
                return text.wholeMatch(of: /\$[A-Za-z_][A-Za-z0-9_]*/) != nil || FailureNotice.isWebhook(text)
                    ? text : nil
            })
    }
}

extension FailureNotice {
    /// Whether a text is a URL that can be posted to.
    public static func isWebhook(_ text: String) -> Bool {
        guard let url = URLComponents(string: text), ["http", "https"].contains(url.scheme?.lowercased()) else {
            return false
        }
        return url.host?.isEmpty == false && !text.unicodeScalars.contains { $0.value <= 0x20 || $0.value == 0x7F }
    }
}

import Foundation

/// Pages of the manual that tests read.
public enum ManualPage: String, CaseIterable {
    case badNights = "BadNights"
    case commands = "Commands"
    case gettingStarted = "GettingStarted"
    case jobFile = "JobFile"

    /// Reads the page as it stands in the repository.
    public func text() throws -> String {
        try String(
            contentsOfFile: "\(TestDatabase.repository)/Sources/Commands/rocket/rocket.docc/\(rawValue).md",
            encoding: .utf8)
    }
}

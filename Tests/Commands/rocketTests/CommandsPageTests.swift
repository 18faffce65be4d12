import Foundation
import OperationsSupport
import TestSupport
import Testing

@Suite struct CommandsPageTests {
    private static func page() throws -> String {
        let result = try RocketProgram.rocket(["commands-page"], database: "")
        try #require(result.code == 0, "\(result.errors)")
        return result.output
    }

    @Test("The page Commands is what the commands say; jobs/pages --write writes it again")
    func page() throws {
        #expect(try ManualPage.commands.text() == Self.page())
    }

    @Test("No line of a help text is longer than 80 columns")
    func columns() throws {
        let help = try Self.page().components(separatedBy: "```").enumerated().filter { $0.offset % 2 == 1 }
        #expect(help.count > 30)
        for line in help.flatMap({ $0.element.split(separator: "\n") }) { #expect(line.count <= 80, "\(line)") }
    }

    @Test("rocket --help begins with the user's own tables and groups the commands by what a person does")
    func overview() throws {
        let help = try RocketProgram.rocket(["--help"], database: "").output
        let order = [
            "Your own tables:", "Generated logs", "SET UP", "EVERY NIGHT", "LOOK", "MODELS", "SERVE", "MEASURE",
        ]
        let places = order.compactMap { help.range(of: $0)?.lowerBound }
        #expect(places.count == order.count && places == places.sorted())
    }

    @Test("The newest version of the changelog is the program's, and has a date")
    func version() throws {
        let changelog = try String(contentsOfFile: "\(TestDatabase.repository)/CHANGELOG.md", encoding: .utf8)
        let newest = try #require(changelog.firstMatch(of: /\n## \[([0-9.]+)\] - \d{4}-\d\d-\d\d\n/))
        let version = try RocketProgram.rocket(["--version"], database: "").output
        #expect(version.trimmingCharacters(in: .whitespacesAndNewlines) == newest.1)
    }
}

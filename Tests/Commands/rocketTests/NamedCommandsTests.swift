import Foundation
import OperationsSupport
import TestSupport
import Testing

/// The commands that the manual and the program's own texts name: “run: rocket models rollback --model m”.
@Suite struct NamedCommandsTests {
    /// A command as the program describes it.
    private struct Command: Decodable {
        struct Argument: Decodable {
            struct Name: Decodable {
                let kind: String
                let name: String
            }
            let kind: String
            let names: [Name]?
        }
        struct Whole: Decodable {
            let command: Command
        }

        let commandName: String
        let subcommands: [Command]?
        let arguments: [Argument]?

        var options: Set<String> {
            Set((arguments ?? []).flatMap { $0.names ?? [] }.map { ($0.kind == "long" ? "--" : "-") + $0.name })
        }

        static func program() throws -> Command {
            let help = try RocketProgram.rocket(["--experimental-dump-help"], database: "")
            return try JSONDecoder().decode(Whole.self, from: Data(help.output.utf8)).command
        }

        /// What is wrong with the words that follow “rocket”; unless `isStrict`, they may be prose about the program.
        func fault(in text: String, isStrict: Bool) -> String? {
            var words = text.split(whereSeparator: \.isWhitespace).map { $0.trimmingSuffix(".,:…") }[...]
            var command = self
            while let subcommands = command.subcommands, let word = words.first, word.isName {
                guard let next = subcommands.first(where: { $0.commandName == word }) else {
                    return isStrict || command.commandName != commandName ? "no command is called \(word)" : nil
                }
                command = next
                words = words.dropFirst()
            }
            // Its own options are not in the description.
            guard command.commandName != commandName else { return nil }
            if let word = words.first, word.hasPrefix("\\(") || word.allSatisfy(\.isUppercase), !word.isEmpty,
                command.arguments?.contains(where: { $0.kind == "positional" }) != true
            {
                return "\(command.commandName) takes no \(word)"
            }
            return words.map { String($0.prefix { $0 != "=" }) }
                .first { $0.hasPrefix("--") && $0.count > 2 && !command.options.contains($0) }
                .map { "\(command.commandName) has no \($0)" }
        }
    }

    @Test("Every command and option that the manual names exists")
    func manual() throws {
        let program = try Command.program()
        let folder = "\(TestDatabase.repository)/Sources/Commands/rocket/rocket.docc"
        let pages = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".md") }
            .map { "\(folder)/\($0)" }
        var count = 0
        for path in pages + ["\(TestDatabase.repository)/README.md"] {
            let page = try String(contentsOfFile: path, encoding: .utf8)
            let blocks = page.matches(of: /(?ms)^```sh\n(.*?)^```$/)
                .map { $0.1.replacing(/\\\n\s*/, with: " ") }
                .flatMap { $0.matches(of: /(?m)(?:^|[ (])rocket ([^#\n]*)/).map { String($0.1) } }
            let spans = page.replacing(/(?ms)^```.*?^```$/, with: "").matches(of: /`rocket ([^`]*)`/)
                .map { String($0.1) }
            for text in blocks + spans {
                count += 1
                let fault = program.fault(in: text.beforeNextCommand, isStrict: true)
                #expect(fault == nil, "\(path): rocket \(text)")
            }
        }
        #expect(count > 150)
    }

    @Test("Every command and option that the program's texts name exists")
    func texts() throws {
        let program = try Command.program()
        let sources = "\(TestDatabase.repository)/Sources"
        var count = 0
        for case let name as String in try #require(FileManager.default.enumerator(atPath: sources))
        where name.hasSuffix(".swift") {
            let code = try String(contentsOfFile: "\(sources)/\(name)", encoding: .utf8)
                .replacing(/(?m)^\s*\/\/.*$/, with: "").replacing(/"\s*\n\s*\+ "/, with: "")
            for match in code.matches(of: /([^\w\/.\-]|run:? )rocket ([a-z][^"`\n]*)/) {
                count += 1
                let fault = program.fault(in: String(match.2).beforeNextCommand, isStrict: match.1.hasPrefix("run"))
                #expect(fault == nil, "\(name): \(match.0)")
            }
        }
        #expect(count > 150)
    }

    @Test("A command that does not exist, an option of another one and a word too many are found")
    func faults() throws {
        let program = try Command.program()
        #expect(program.fault(in: "search --budget 1m", isStrict: true) == "no command is called search")
        #expect(program.fault(in: "models rollbak", isStrict: true) == "no command is called rollbak")
        #expect(program.fault(in: "status --jobs 2", isStrict: false) == "status has no --jobs")
        #expect(program.fault(in: "models rollback \\(name)", isStrict: false) == "rollback takes no \\(name)")
        #expect(program.fault(in: "models promote \\(version) --force", isStrict: false) == nil)
        #expect(program.fault(in: "models list says so", isStrict: true) == nil)
    }
}

extension String {
    /// Whether a command may be called so: sample-logs.
    fileprivate var isName: Bool { wholeMatch(of: /[a-z][a-z\-]*/) != nil }

    /// Up to the end of a command: a pipe, a redirection, or the prose that follows.
    fileprivate var beforeNextCommand: String {
        String(prefix(upTo: firstRange(of: #/[|<>;)“”—]|&&|, |\. |: /#)?.lowerBound ?? endIndex))
    }
}

extension Substring {
    fileprivate func trimmingSuffix(_ characters: String) -> String {
        var rest = self
        while let last = rest.last, characters.contains(last) { rest.removeLast() }
        return String(rest)
    }
}

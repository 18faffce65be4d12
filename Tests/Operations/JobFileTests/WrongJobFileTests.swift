import Foundation
import JobFile
import Testing

@Suite("Job files that are wrong")
struct WrongJobFileTests {
    @Test("A mistake is reported with its line, what was found and what would be right", arguments: oneMistake)
    func mistake(_ mistake: Mistake) {
        #expect(completeJob.contains(mistake.old))
        #expect(report(completeJob.replacing(mistake.old, with: mistake.new)) == "jobs/x.yaml:\(mistake.expected)")
    }

    @Test("All mistakes of a file are reported together, in the order of their lines")
    func severalMistakes() {
        let text = """
            model: Tiny!
            source:
              impressions: {table: shown, id: id, time: at}
              clicks: {table: clicked, impression_id: id}
              attribution_window: 1w
            nets: {embedding_dim: 0, light: [8, x], booster: 32, light: [4]}
            features:
              - {name: user_id, kind: categorical, kind: numeric, hash_bit: 3}
            trainings: {epochs: 1}
            """
        #expect(
            report(text) == """
                jobs/x.yaml:1: model is "Tiny!"; expected a model name of the characters a-z, 0-9, _ and -
                jobs/x.yaml:4: source.clicks.time is missing; expected a column's name of at most 63 bytes
                jobs/x.yaml:5: source.attribution_window is "1w"; expected a whole number with its unit s, m, h or d, \
                such as 30m, above 0 and at most 365d
                jobs/x.yaml:6: nets.light is given twice, first on line 6; remove one of the two
                jobs/x.yaml:6: nets.embedding_dim is 0; expected a whole number from 1 to 256
                jobs/x.yaml:6: nets.light[2] is "x"; expected a whole number from 1 to 8192
                jobs/x.yaml:6: nets.booster is 32; expected a list, each item a whole number from 1 to 8192
                jobs/x.yaml:8: features[user_id].kind is given twice, first on line 8; remove one of the two
                jobs/x.yaml:8: features[user_id].hash_bit is not a known key; did you mean hash_bits?
                jobs/x.yaml:9: trainings is not a known key; did you mean training?
                """)
    }

    @Test("A key that is given three times, with and without quotes, is reported twice")
    func threeTimes() {
        #expect(
            report(shortestJob + "\n\"model\": a\nmodel: b\n") == """
                jobs/x.yaml:9: model is given twice, first on line 1; remove one of the two
                jobs/x.yaml:10: model is given twice, first on line 1; remove one of the two
                """)
    }

    @Test(
        "A repeated key with an anchor or as a list is reported, alone",
        arguments: ["&k a: 1\na: 2", "? [a]\n: 1\n? [a]\n: 2"])
    func repeatedOddKey(text: String) {
        #expect(report(text).hasPrefix("jobs/x.yaml:1: the key "))
    }

    @Test(
        "A file without content is reported as empty",
        arguments: ["", "\n\n", "# only a comment\n", "---\n", "~", "--- # x\n..."])
    func empty(text: String) {
        #expect(
            report(text) == "jobs/x.yaml:1: the file is empty; expected the keys model, source, features and nets")
    }

    @Test(
        "A file that is a list or a word says so",
        arguments: [("\n- model: a", "2: the file is a list"), ("hello", "1: the file is a single value")])
    func notAMapping(text: String, beginning: String) {
        #expect(
            report(text)
                == "jobs/x.yaml:\(beginning); expected a mapping with the keys model, source, features and nets")
    }

    @Test("A file that cannot be read names itself and the reason")
    func unreadable() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        let notText = directory.appendingPathComponent("latin1.yaml").path
        try Data([0x6d, 0xe9, 0x3a]).write(to: URL(fileURLWithPath: notText))
        let tooLarge = directory.appendingPathComponent("large.yaml").path
        try Data(repeating: 0x23, count: 1 << 20 + 1).write(to: URL(fileURLWithPath: tooLarge))
        let expected = [
            (directory.path, "cannot be read; expected a YAML file that this user may read"),
            (directory.path + "/none.yaml", "does not exist; name an existing file with --job"),
            (notText, "is not UTF-8 text; save it as UTF-8"),
            (tooLarge, "is larger than 1 MiB; expected a YAML file written by hand"),
        ]
        for (path, reason) in expected {
            #expect(throws: JobFileError.unreadable(path: path, reason: reason)) { try JobFile(path: path) }
        }
    }

    @Test("Deep nesting is refused rather than followed", arguments: ["[", "{a: ", "- "])
    func deep(opening: String) {
        let report = report(String(repeating: opening, count: 100_000))
        #expect(report.hasPrefix("jobs/x.yaml:1: ") && report.contains("a job file needs no such depth"))
    }

    @Test("Whatever a file holds, it is either read or reported with a line")
    func damagedFiles() {
        var random = SplitMix(state: 1)
        let fragments = [
            "", "\n", ": ", "- ", "[", "]", "{", "}", "&a ", "*a", "<<: *a\n", "!!int ", "\"", "'", "|", ">", "?", "#",
            "\t", "~", "\u{FEFF}", "\0", "é", "---\n", "%YAML 1.1\n", "999999999999999999999", "-", "\"\\uD800\"",
        ]
        for _ in 0..<3_000 {
            var characters = Array(completeJob)
            for _ in 0...Int.random(in: 0..<3, using: &random) {
                let start = Int.random(in: 0..<characters.count, using: &random)
                let end = min(characters.count, start + Int.random(in: 0..<12, using: &random))
                let fragment = fragments.randomElement(using: &random) ?? ""
                characters.replaceSubrange(start..<end, with: Array(fragment))
            }
            let found = report(String(characters))
            let lines = found.split(separator: "\n")
            #expect(lines.allSatisfy { $0.hasPrefix("jobs/x.yaml:") }, "\(found)")
        }
    }
}

/// A generator with a fixed course, so that a failing text comes again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

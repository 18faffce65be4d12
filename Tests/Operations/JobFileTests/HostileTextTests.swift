import JobFile
import Testing

/// Texts that a short file makes much of.
@Suite struct HostileTextTests {
    static func problems(_ text: String) -> [JobFileError.Problem] {
        do throws(JobFileError) {
            _ = try JobFile(text: text, path: "x.yaml")
            return []
        } catch {
            guard case .invalid(_, let problems) = error else { return [] }
            return problems
        }
    }

    /// Each list is twice the one before.
    static let bomb =
        "x1: &x1 [a, a]\n" + (2...30).map { "x\($0): &x\($0) [*x\($0 - 1), *x\($0 - 1)]\n" }.joined()

    static let bombs = [
        bomb, bomb + "? *x30\n: 1\n", bomb + "{*x30 : 1, *x29 : 2}: 3\n", "? &a [b]\n: 1\n" + bomb + "? [*x30]\n: 1\n",
        // What a parser of anchors may stumble over.
        bomb.replacing("&x", with: "!!seq &x"), bomb.replacing(": &", with: ":\n  &"), "it's: 1\n" + bomb,
        "\"\\\"\": 1\n" + bomb,
    ]

    @Test("An alias bomb is refused, as a value and as a key", arguments: bombs.indices)
    func aliasBomb(_ number: Int) {
        #expect(Self.problems(Self.bombs[number]).contains { $0.message.contains("aliases") })
    }

    @Test("A list that many values of ten thousand share is refused as well")
    func manyScalars() {
        let text = "a: &a 1\nb: [" + Array(repeating: "*a", count: 1_001).joined(separator: ", ") + "]\n"
        #expect(Self.problems(text).contains { $0.message.contains("aliases") })
    }

    @Test("Anchors as people use them are fine: a number, and a list that is said twice")
    func few() {
        let scalar = completeJob.replacing("hash_bits: 18", with: "hash_bits: &bits 18").replacing(
            "hash_bits: 10", with: "hash_bits: *bits")
        #expect(scalar != completeJob && Self.problems(scalar).isEmpty)
        let list = completeJob.replacing("light: [16, 8]", with: "light: &sizes [16, 8]")
            .replacing("booster: [400, 200, 100]", with: "booster: *sizes")
        #expect(list != completeJob && Self.problems(list).isEmpty)
    }

    static func link(_ number: Int) -> String {
        let (opening, closing) = (String(repeating: "[", count: 900), String(repeating: "]", count: 900))
        return "x\(number): &x\(number) \(opening)\(number > 1 ? "*x\(number - 1)" : "a")\(closing)\n"
    }

    static let deepKeys = (0..<900).map { String(repeating: " ", count: $0) + "a:\n" }.joined()

    static let deepTexts = [
        "x: " + String(repeating: "[", count: 100_000), "x: " + String(repeating: "{a: ", count: 100_000),
        "x: " + String(repeating: "- ", count: 100_000), "x: " + String(repeating: "? ", count: 100_000),
        "x: " + String(repeating: "[", count: 900) + String(repeating: "]", count: 900),
        deepKeys,
        // Ten links of depth 900.
        (1...10).map(link).joined() + "? *x10\n: 1\n",
    ]

    // By number: the texts are too long to be shown.
    @Test(
        "What is nested without end is a mistake of the file, not the end of the program", arguments: deepTexts.indices)
    func deep(_ number: Int) {
        #expect(!Self.problems(completeJob + "\n" + Self.deepTexts[number]).isEmpty)
    }

    @Test("A message shows the beginning of what is long, and no control character")
    func long() {
        for text in [
            "model: \"" + String(repeating: "a", count: 900_000) + "\"\n", String(repeating: "k", count: 900) + ": 1\n",
            "model: \"e" + String(repeating: "\u{301}", count: 200_000) + "\"\n", "model: \"a\\u001b[31m\\nb\"\n",
        ] {
            for problem in Self.problems(text) {
                #expect(problem.message.utf8.count <= 12_000)
                #expect(!problem.message.unicodeScalars.contains { $0.value < 0x20 })
            }
        }
    }
}

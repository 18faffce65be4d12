import CounterRandom

/// One kind of input from outside, how it is spoiled, and what reads it. An input has a number: the same number is the
/// same input on every machine.
public struct FuzzTarget: Sendable {
    public let name: String
    /// The input of a number.
    let input: @Sendable (inout CounterRandom) throws -> FuzzInput
    /// Reads an input. A hostile one ends in an error of the module or in a result that is right; anything else is
    /// thrown.
    let read: @Sendable (FuzzInput) throws -> FuzzOutcome

    /// Makes and reads inputs.
    ///
    /// - Parameters:
    ///   - numbers: of the inputs.
    ///   - before: told each number before its input is made, so that a crash leaves it behind.
    ///   - goesOn: asked every few inputs.
    /// - Returns: how many inputs there were, and how many were refused.
    public func run(
        _ numbers: Range<UInt64>, before: (UInt64) -> Void = { _ in }, while goesOn: () -> Bool = { true }
    ) throws -> (inputs: Int, refused: Int) {
        var (inputs, refused) = (0, 0)
        for number in numbers {
            if inputs % 16 == 0, !goesOn() { break }
            before(number)
            var random = CounterRandom(seed: 19, stream: Self.stream(of: name), position: number << 20)
            let input = try input(&random)
            do {
                if try read(input) == .refused { refused += 1 }
            } catch {
                throw FuzzFailure(target: name, number: number, what: "\(error)")
            }
            inputs += 1
        }
        return (inputs, refused)
    }

    private static func stream(of name: String) -> UInt64 {
        name.utf8.reduce(14_695_981_039_346_656_037) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
    }

    /// All of them.
    public static let all: [FuzzTarget] = [
        .model, .trainedModel, .features, .cacheFile, .history, .counts, .jsonLine, .jsonRequest, .jobFile,
        .metrics,
    ]
}

/// Files or texts that belong together.
struct FuzzInput: Sendable {
    var parts: [[UInt8]]
}

/// How reading ended.
enum FuzzOutcome {
    /// By an error of the module.
    case refused
    case accepted
}

/// An input that was neither refused in the module's words nor read right.
public struct FuzzFailure: Error, CustomStringConvertible {
    let target: String
    let number: UInt64
    let what: String

    public var description: String {
        "input \(number) of \(target): \(what); run: Tests/Fuzz/run --only \(target) --input \(number)"
    }
}

/// What a target finds wrong.
struct Wrong: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}

import Foundation
import FuzzInputs

// rocket-fuzz TARGET SECONDS FIRST PROGRESS: reads inputs from number FIRST on, for so many seconds; SECONDS 0: that
// input only. The number at hand stands in the file PROGRESS, so that a crash leaves it behind.
let arguments = CommandLine.arguments
guard arguments.count == 5, let target = FuzzTarget.all.first(where: { $0.name == arguments[1] }),
    let seconds = Double(arguments[2]), let first = UInt64(arguments[3])
else {
    print(
        "usage: rocket-fuzz TARGET SECONDS FIRST PROGRESS; targets: "
            + FuzzTarget.all.map(\.name).joined(separator: " "))
    exit(64)
}
let progress = open(arguments[4], O_RDWR | O_CREAT | O_TRUNC, 0o644)
let end = Date.now.addingTimeInterval(seconds)
do {
    let last = seconds == 0 ? first + 1 : UInt64.max
    let (inputs, refused) = try target.run(
        first..<last,
        before: { number in
            var line = Array("\(number)\n".utf8)
            line += [UInt8](repeating: UInt8(ascii: " "), count: max(0, 24 - line.count))
            _ = pwrite(progress, line, line.count, 0)
        }, while: { seconds == 0 || Date.now < end })
    print("\(target.name): \(inputs) inputs from \(first) on, \(refused) refused, none read wrong")
} catch {
    print("\(error)")
    exit(1)
}

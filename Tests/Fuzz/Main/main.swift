import Foundation
import FuzzInputs

// rocket-fuzz TARGET SECONDS FIRST PROGRESS: reads inputs from number FIRST on, for so many seconds of CPU, whatever
// else the machine does; SECONDS 0: that input only. The number at hand stands in the file PROGRESS, so that a crash
// leaves it behind.
// rocket-fuzz targets: their names.
let arguments = CommandLine.arguments
if arguments.count == 2, arguments[1] == "targets" {
    print(FuzzTarget.all.map(\.name).joined(separator: " "))
    exit(0)
}
guard arguments.count == 5, let target = FuzzTarget.all.first(where: { $0.name == arguments[1] }),
    let seconds = Double(arguments[2]), let first = UInt64(arguments[3])
else {
    print(
        "usage: rocket-fuzz TARGET SECONDS FIRST PROGRESS; targets: "
            + FuzzTarget.all.map(\.name).joined(separator: " "))
    exit(64)
}
let progress = open(arguments[4], O_RDWR | O_CREAT | O_TRUNC, 0o644)
/// Seconds of CPU that the process has taken.
func spent() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}
do {
    let last = seconds == 0 ? first + 1 : UInt64.max
    let (inputs, refused) = try target.run(
        first..<last,
        before: { number in
            var line = Array("\(number)\n".utf8)
            line += [UInt8](repeating: UInt8(ascii: " "), count: max(0, 24 - line.count))
            _ = pwrite(progress, line, line.count, 0)
        }, while: { seconds == 0 || spent() < seconds })
    print(
        "\(target.name): \(inputs) inputs from \(first) on in \(Int(spent())) s of CPU, \(refused) refused, "
            + "none read wrong")
} catch {
    print("\(error)")
    exit(1)
}

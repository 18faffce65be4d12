extension Form where Value == Duration {
    private static var secondsPerUnit: [Character: Int] { ["s": 1, "m": 60, "h": 3_600] }

    /// How long something is tried again: `30s`, `5m`, `1h`; `0s` is not at all.
    static var patience: Form {
        Form(
            expected: "a whole number with its unit s, m or h, such as 5m, at most 24h",
            show: { duration in
                let seconds = Int(duration.components.seconds)
                let unit: Character = seconds % 3_600 == 0 ? "h" : seconds % 60 == 0 ? "m" : "s"
                return "\(seconds / (secondsPerUnit[unit] ?? 1))\(unit)"
            },
            read: { scalar in
                guard let text = scalar.text, let unit = text.last.flatMap({ secondsPerUnit[$0] }),
                    !text.dropLast().isEmpty,
                    text.dropLast().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let count = Int(text.dropLast()), count <= 86_400 / unit
                else { return nil }
                return .seconds(count * unit)
            })
    }
}

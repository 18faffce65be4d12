import AdLogs

extension Form where Value == AttributionWindow {
    private static var secondsPerUnit: [Character: Int] { ["s": 1, "m": 60, "h": 3_600, "d": 86_400] }
    /// A click a year later is no answer to an impression, and labels would mature no sooner.
    private static var longestSeconds: Int { 365 * 86_400 }

    /// `90s`, `30m`, `24h`, `7d`.
    static var duration: Form {
        Form(
            expected: "a whole number with its unit s, m, h or d, such as 30m, above 0 and at most 365d",
            read: { scalar in
                guard let text = scalar.text, let unit = text.last.flatMap({ secondsPerUnit[$0] }),
                    text.dropLast().utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }),
                    let count = Int(text.dropLast())
                else { return nil }
                let (seconds, overflow) = count.multipliedReportingOverflow(by: unit)
                guard !overflow, (1...longestSeconds).contains(seconds) else { return nil }
                return AttributionWindow(seconds: seconds)
            })
    }
}

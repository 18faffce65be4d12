/// The distribution of impressions over the hours of a day: little at night, a hump at noon, most in the evening.
struct DailyTraffic: Sendable {
    /// Share of the day's traffic before each hour; the last is 1. `[25]`
    private let before: [Double]

    init() {
        let weights: [Double] = [
            30, 20, 14, 10, 9, 12, 22, 36, 48, 54, 58, 62, 68, 64, 58, 56, 58, 62, 70, 80, 88, 86, 70, 48,
        ]
        let total = weights.reduce(0, +)
        var sum = 0.0
        before =
            [0]
            + weights.map {
                sum += $0 / total
                return sum
            }
    }

    /// Returns the second of the day by which a share in [0, 1) of the traffic has passed; increasing.
    func secondOfDay(_ share: Double) -> Double {
        var hour = 0
        while hour < 23, before[hour + 1] <= share { hour += 1 }
        let within = (share - before[hour]) / (before[hour + 1] - before[hour])
        return (Double(hour) + min(max(within, 0), 0.999_999_999)) * 3_600
    }
}

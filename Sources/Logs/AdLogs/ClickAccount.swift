/// The outcomes of the clicks that belong to a time range, each click counted once: `events = first + duplicates + late
/// + early + orphans + ambiguous`.
///
/// A click within the window after the newest impression with its id belongs to that impression's range; any other
/// click belongs to the range of its own time. So labels belong to the day of their rows, and every click to exactly
/// one day.
public struct ClickAccount: Equatable, Codable, Sendable {
    /// Clicks read whose own time is in the range.
    public var read = 0
    /// Clicks after the range that belong to its impressions.
    public var fromLater = 0
    /// Clicks in the range that belong to impressions before it.
    public var toEarlier = 0
    /// Labels: the first click within the window after its impression, which makes the impression positive.
    public var first = 0
    /// Further clicks within the window.
    public var duplicates = 0
    /// Clicks after the window of the newest impression before them.
    public var late = 0
    /// Clicks before their impression, by at most a day.
    public var early = 0
    /// Clicks that name no impression, or none within the look-back time.
    public var orphans = 0
    /// Clicks within the window whose newest impression exists more than once.
    public var ambiguous = 0
    /// The click-delay curve: first and late clicks by age; `ages[i]` counts those below `ageEdges[i]` seconds and not
    /// below the edge before; the last entry counts all older ones.
    public var ages = [Int](repeating: 0, count: ageEdges.count + 1)

    public init() {}

    /// Clicks that belong to the range.
    public var events: Int { read + fromLater - toEarlier }

    /// Whether every click is counted once.
    public var addsUp: Bool { events == first + duplicates + late + early + orphans + ambiguous }

    /// The upper bounds of the ages in seconds, from a second to a month.
    public static let ageEdges = [
        1, 3, 10, 30, 60, 180, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 172_800, 259_200, 604_800,
        1_209_600, 2_592_000,
    ]

    /// The share of the clicks that the window misses: late over first and late; nil without either.
    public var missedShare: Double? {
        first + late == 0 ? nil : Double(late) / Double(first + late)
    }

    mutating func countFirst(age: Int64) {
        first += 1
        count(age)
    }

    mutating func countLate(age: Int64) {
        late += 1
        count(age)
    }

    private mutating func count(_ microseconds: Int64) {
        let seconds = Int(microseconds / 1_000_000)
        ages[Self.ageEdges.firstIndex { seconds < $0 } ?? Self.ageEdges.count] += 1
    }

    public static func + (left: ClickAccount, right: ClickAccount) -> ClickAccount {
        var sum = left
        for count in counts { sum[keyPath: count] += right[keyPath: count] }
        sum.ages = zip(left.ages, right.ages).map { $0 + $1 }
        return sum
    }

    private static var counts: [WritableKeyPath<ClickAccount, Int>] {
        [\.read, \.fromLater, \.toEarlier, \.first, \.duplicates, \.late, \.early, \.orphans, \.ambiguous]
    }
}

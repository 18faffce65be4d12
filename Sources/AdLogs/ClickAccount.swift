/// What became of the clicks of a range of time, each counted once, by its own time:
/// `events = first + duplicates + late + early + orphans`.
public struct ClickAccount: Equatable, Codable, Sendable {
    public var events = 0
    /// The first click within the window after its impression: the one that makes it positive.
    public var first = 0
    /// Clicks within the window after that.
    public var duplicates = 0
    /// Clicks after the window.
    public var late = 0
    /// Clicks before their impression.
    public var early = 0
    /// Clicks that name no impression, or one that is not known within the time that is looked back.
    public var orphans = 0
    /// Click-delay curve: first and late clicks by their age, `ages[i]` of them below `ageEdges[i]` seconds and not below
    /// the edge before; the last entry has all that are older.
    public var ages = [Int](repeating: 0, count: ageEdges.count + 1)

    public init() {}

    /// Upper ends of the ages in seconds: from a second to a month.
    public static let ageEdges = [
        1, 3, 10, 30, 60, 180, 300, 600, 1_800, 3_600, 7_200, 14_400, 28_800, 57_600, 86_400, 172_800, 259_200, 604_800,
        1_209_600, 2_592_000,
    ]

    /// Share of the clicks that the window misses: late over first and late; nil without either.
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
        sum.events += right.events
        sum.first += right.first
        sum.duplicates += right.duplicates
        sum.late += right.late
        sum.early += right.early
        sum.orphans += right.orphans
        sum.ages = zip(left.ages, right.ages).map { $0 + $1 }
        return sum
    }
}

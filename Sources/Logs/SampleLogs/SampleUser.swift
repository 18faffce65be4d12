import CounterRandom

/// A user of the generated log, drawn again whenever needed: a pure function of seed and number, so no table of users
/// is kept.
public struct SampleUser: Equatable, Sendable {
    /// The user's number, 1…users; also the rank by how often the user is seen.
    public let number: Int
    let gender: UInt8
    let ageGroup: UInt8
    let city: UInt8
    let deviceOS: UInt8
    let memberLevel: UInt8
    /// Bit k − 1 for level k of the category attribute; nil if unknown.
    let interestBits: UInt32?
    /// The user's individual effect on the log odds, before scaling: standard normal.
    let propensity: Double

    init(number: Int, seed: UInt64, missingShare: Double) {
        var random = CounterRandom(seed: seed, purpose: .user, number: number)
        self.number = number
        gender = SampleVocabulary.gender.draw(&random, missingShare: missingShare)
        ageGroup = SampleVocabulary.ageGroup.draw(&random, missingShare: missingShare)
        city = SampleVocabulary.city.draw(&random, missingShare: missingShare)
        deviceOS = SampleVocabulary.deviceOS.draw(&random, missingShare: missingShare)
        memberLevel = SampleVocabulary.memberLevel.draw(&random, missingShare: missingShare)
        propensity = random.normal()
        if random.uniform() < missingShare {
            interestBits = nil
        } else {
            // Two to five draws with repetition, so that one to five different interests remain.
            var bits: UInt32 = 0
            for _ in 0..<(2 + Int(random.next() >> 62)) {
                bits |= 1 << UInt32(SampleVocabulary.category.draw(&random) - 1)
            }
            interestBits = bits
        }
    }

    /// `u17`.
    public var id: String { "u\(number)" }

    /// The interests in the order of the categories; nil if unknown.
    public var interests: [String]? {
        guard let interestBits else { return nil }
        return SampleVocabulary.category.values.indices.filter { interestBits >> UInt32($0) & 1 == 1 }
            .map { SampleVocabulary.category.values[$0] }
    }
}

import CounterRandom
import Foundation

/// The true log odds of a click: a sum of tables of random effects over the levels of one or two attributes, drawn once
/// from the seed.
///
/// The deviations are a measured compromise. Single attributes carry enough that a net learns most of the truth from
/// 800,000 rows; crossed tables, the match of interests and category, and the bent price effect carry what a wide net
/// learns and a narrow one does not. With most of the variance in crosses of three attributes, one epoch got only two
/// thirds of the way to the true AUC. The users' and ads' individual effects are small, because a log sees most users
/// too rarely to learn them.
struct ClickModel: Sendable {
    /// Standard deviations of the effects on the log odds at `signal` 1.
    private enum Deviation {
        static let slot = 0.55
        static let site = 0.35
        static let hour = 0.08
        static let weekday = 0.06
        static let gender = 0.2
        static let ageGroup = 0.3
        static let city = 0.05
        static let deviceOS = 0.25
        static let memberLevel = 0.3
        static let category = 0.4
        static let format = 0.35
        static let creative = 0.12
        static let advertiser = 0.05
        static let ageCategory = 0.06
        static let genderCategory = 0.25
        static let siteCategory = 0.06
        static let deviceFormat = 0.35
        static let slotFormat = 0.35
        static let user = 0.05
        static let ad = 0.04
    }
    /// Added if the ad's category is among the user's interests.
    private static let interestMatch = 0.5
    /// Log odds lost per squared standard deviation of the log price from what the member level prefers.
    private static let priceAversion = 0.3

    private let signal: Double
    private let slot, site, hour, weekday, gender, ageGroup, city, deviceOS, memberLevel: EffectTable
    private let category, format, creative, advertiser: EffectTable
    private let ageCategory, genderCategory, siteCategory, deviceFormat, slotFormat: EffectTable
    /// In standard deviations of the log price. `[member levels]`
    private let preferredPrice: EffectTable
    /// Makes the mean probability the specified one; set by the generator's calibration.
    var intercept = 0.0

    init(seed: UInt64, signal: Double, advertisers: Int) {
        typealias Words = SampleVocabulary
        var number = 0
        func table(_ deviation: Double, _ levels: Int...) -> EffectTable {
            number += 1
            return EffectTable(
                levels: levels, deviation: deviation,
                random: CounterRandom(seed: seed, purpose: .effects, number: number))
        }
        self.signal = signal
        slot = table(Deviation.slot, Words.slot.levels)
        site = table(Deviation.site, Words.site.levels)
        hour = table(Deviation.hour, 24)
        weekday = table(Deviation.weekday, 7)
        gender = table(Deviation.gender, Words.gender.levels)
        ageGroup = table(Deviation.ageGroup, Words.ageGroup.levels)
        city = table(Deviation.city, Words.city.levels)
        deviceOS = table(Deviation.deviceOS, Words.deviceOS.levels)
        memberLevel = table(Deviation.memberLevel, Words.memberLevel.levels)
        category = table(Deviation.category, Words.category.levels)
        format = table(Deviation.format, Words.format.levels)
        creative = table(Deviation.creative, Words.creative.levels)
        advertiser = table(Deviation.advertiser, advertisers + 1)
        ageCategory = table(Deviation.ageCategory, Words.ageGroup.levels, Words.category.levels)
        genderCategory = table(Deviation.genderCategory, Words.gender.levels, Words.category.levels)
        siteCategory = table(Deviation.siteCategory, Words.site.levels, Words.category.levels)
        deviceFormat = table(Deviation.deviceFormat, Words.deviceOS.levels, Words.format.levels)
        slotFormat = table(Deviation.slotFormat, Words.slot.levels, Words.format.levels)
        preferredPrice = table(0.9, Words.memberLevel.levels)
    }

    /// The probability that this user sooner or later clicks this ad here and now.
    func probability(user: SampleUser, ad: SampleAd, place: SamplePlace, drift: AdDrift) -> Double {
        var sum = effects(user: user, ad: ad, place: place)
        if !drift.effects.isEmpty { sum += drift.effects[ad.number - 1] }
        return 1 / (1 + exp(-(drift.intercept + signal * sum)))
    }

    /// Returns the sum of all effects except the intercept, before scaling.
    func effects(user: SampleUser, ad: SampleAd, place: SamplePlace) -> Double {
        let hourOfDay = UInt8(place.hour)
        var sum = slot[place.slot] + site[place.site] + hour[hourOfDay] + weekday[UInt8(place.weekday)]
        sum += gender[user.gender] + ageGroup[user.ageGroup] + city[user.city]
        sum += deviceOS[user.deviceOS] + memberLevel[user.memberLevel]
        sum += category[ad.category] + format[ad.format] + creative[ad.creative] + advertiser[ad.advertiser]
        sum += ageCategory[user.ageGroup, ad.category] + genderCategory[user.gender, ad.category]
        sum += siteCategory[place.site, ad.category]
        sum += deviceFormat[user.deviceOS, ad.format] + slotFormat[place.slot, ad.format]
        sum += Deviation.user * user.propensity + Deviation.ad * ad.appeal
        if let logPrice = ad.logPrice {
            let deviation = (logPrice - SampleAd.meanLogPrice) / SampleAd.logPriceDeviation
            let distance = deviation - preferredPrice[user.memberLevel]
            sum -= Self.priceAversion * min(distance * distance, 9)
        }
        if let interests = user.interestBits, ad.category > 0, interests >> UInt32(ad.category - 1) & 1 == 1 {
            sum += Self.interestMatch
        }
        return sum
    }
}

/// Random effects over the levels of one attribute, or of two, row-major. A table has mean 0 and exactly the requested
/// deviation, so that no seed gives a log that is much easier or harder than another's.
struct EffectTable: Sendable {
    private let levels: [Int]
    private let values: [Double]

    init(levels: [Int], deviation: Double, random: CounterRandom) {
        var random = random
        self.levels = levels
        let drawn = (0..<levels.reduce(1, *)).map { _ in random.normal() }
        let mean = drawn.reduce(0, +) / Double(drawn.count)
        let variance = drawn.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(drawn.count)
        values = drawn.map { deviation * ($0 - mean) / variance.squareRoot() }
    }

    subscript(_ level: UInt8) -> Double { values[Int(level)] }
    subscript(_ level: Int) -> Double { values[level] }
    subscript(_ first: UInt8, _ second: UInt8) -> Double { values[Int(first) * levels[1] + Int(second)] }
}

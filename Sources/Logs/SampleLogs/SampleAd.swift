import CounterRandom
import Foundation

/// An ad of the generated log. An advertiser has one category and about twenty ads.
public struct SampleAd: Equatable, Sendable {
    /// The ad's number, 1…ads; also its rank by how often it is shown.
    public let number: Int
    /// The advertiser's number, 1…advertisers; 0 is unknown.
    let advertiser: Int
    let category: UInt8
    let format: UInt8
    let creative: UInt8
    /// Logarithm of the advertised price; nil if unknown.
    let logPrice: Double?
    /// The ad's individual effect on the log odds, before scaling: standard normal.
    let appeal: Double

    static let adsPerAdvertiser = 20
    static let meanLogPrice = 3.5
    static let logPriceDeviation = 0.9

    init(number: Int, ads: Int, seed: UInt64, missingShare: Double) {
        var random = CounterRandom(seed: seed, purpose: .ad, number: number)
        let advertisers = max(1, ads / Self.adsPerAdvertiser)
        let owner = 1 + Int(random.next() % UInt64(advertisers))
        var ownerRandom = CounterRandom(seed: seed, purpose: .advertiser, number: owner)
        let category = SampleVocabulary.category.draw(&ownerRandom)
        self.number = number
        advertiser = random.uniform() < missingShare ? 0 : owner
        self.category = random.uniform() < missingShare ? 0 : category
        format = SampleVocabulary.format.draw(&random, missingShare: missingShare)
        creative = SampleVocabulary.creative.draw(&random, missingShare: missingShare)
        let price = Self.meanLogPrice + Self.logPriceDeviation * random.normal()
        // Whole cents, as a shop would log it; the click model sees the rounded price too.
        let cents = max((exp(price) * 100).rounded(), 1)
        logPrice = random.uniform() < missingShare ? nil : log(cents / 100)
        appeal = random.normal()
    }

    /// `ad17`.
    public var id: String { "ad\(number)" }

    /// `adv17`; nil if unknown.
    var advertiserID: String? { advertiser == 0 ? nil : "adv\(advertiser)" }

    /// The price in currency units with whole cents; nil if unknown.
    public var price: Double? { logPrice.map { (exp($0) * 100).rounded() / 100 } }
}

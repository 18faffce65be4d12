import CounterRandom
import Foundation

/// The values of an attribute. Level 0 of every attribute is "missing": NULL in the log, and a separate level in the
/// click model, so that the true probability is a function of what the log shows.
struct Attribute: Sendable {
    let values: [String]
    /// The cumulative shares, ascending to 1. `[values]`
    private let cumulativeShares: [Double]

    /// - Parameter tilt: The k-th value's share is proportional to (k + 1)^(−tilt); 0 for equal shares.
    init(_ values: [String], tilt: Double) {
        self.values = values
        let weights = values.indices.map { 1 / pow(Double($0 + 1), tilt) }
        let total = weights.reduce(0, +)
        var sum = 0.0
        cumulativeShares = weights.map {
            sum += $0 / total
            return sum
        }
    }

    /// The number of levels, including the missing one.
    var levels: Int { values.count + 1 }

    /// Returns the text of a level, nil for the missing one.
    func text(_ level: UInt8) -> String? { level == 0 ? nil : values[Int(level) - 1] }

    /// Draws a level other than missing.
    func draw(_ random: inout CounterRandom) -> UInt8 {
        let point = random.uniform()
        let index = cumulativeShares.firstIndex { point < $0 } ?? values.count - 1
        return UInt8(index + 1)
    }

    /// Draws a level, missing with probability `missingShare`.
    func draw(_ random: inout CounterRandom, missingShare: Double) -> UInt8 {
        let missing = random.uniform() < missingShare
        let level = draw(&random)
        return missing ? 0 : level
    }
}

/// The attributes of the generated log, shared by the generator, the click model and the writer.
enum SampleVocabulary {
    static let gender = Attribute(["f", "m", "x"], tilt: 0.9)
    static let ageGroup = Attribute(["25-34", "18-24", "35-44", "45-54", "55-64", "65+"], tilt: 0.5)
    static let city = Attribute(numbered("city", 40), tilt: 0.8)
    static let deviceOS = Attribute(["android", "ios", "windows", "macos", "linux"], tilt: 1)
    static let memberLevel = Attribute(["none", "bronze", "silver", "gold"], tilt: 0.6)
    /// The ads' categories, which are also the users' interests.
    static let category = Attribute(
        [
            "fashion", "electronics", "travel", "food", "games", "sports", "beauty", "home", "autos", "finance",
            "books",
            "music",
        ], tilt: 0.4)
    static let format = Attribute(["banner", "native", "video", "carousel"], tilt: 0.5)
    static let creative = Attribute(numbered("creative", 40), tilt: 0.3)
    static let site = Attribute(
        ["news", "mail", "weather", "forum", "recipes", "sport", "maps", "market", "video", "blog"], tilt: 0.6)
    static let slot = Attribute(["top", "inline-1", "inline-2", "sidebar", "bottom"], tilt: 0.3)
    static let hours = (0..<24).map { $0 < 10 ? "0\($0)" : "\($0)" }
    /// The weekdays in order from 1970-01-01, a Thursday.
    static let weekdays = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"]

    private static func numbered(_ name: String, _ count: Int) -> [String] {
        (1...count).map { $0 < 10 ? "\(name)-0\($0)" : "\(name)-\($0)" }
    }
}

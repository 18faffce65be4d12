import CounterRandom

/// The independent streams that a log draws from: the draws for a user, an ad or an impression depend on the seed and
/// on no other draw.
enum RandomPurpose: UInt64 {
    case user = 1
    case ad
    case advertiser
    case effects
    case impressions
    case calibration
    case drift
}

extension CounterRandom {
    /// The numbers that one impression may use before it reaches into those of the next.
    static let numbersPerImpression: UInt64 = 64

    init(seed: UInt64, purpose: RandomPurpose, number: Int, position: UInt64 = 0) {
        let low = UInt64(bitPattern: Int64(number)) & 0x00FF_FFFF_FFFF_FFFF
        self.init(seed: seed, stream: purpose.rawValue << 56 | low, position: position)
    }
}

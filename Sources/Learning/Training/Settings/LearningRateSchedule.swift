import Foundation

/// The factor on all learning rates over a run.
public struct LearningRateSchedule: Codable, Equatable, Sendable {
    /// Share of the run over which the factor rises from 0 to 1.
    public var warmUp: Double
    public var decay: Decay
    /// Share of the run after which the factor falls.
    public var decayFrom: Double
    /// The factor at the end of the run.
    public var end: Double

    /// How the factor falls.
    public enum Decay: String, Codable, CaseIterable, Sendable {
        case constant
        case linear
        /// Half a cosine (Loshchilov & Hutter, arXiv 1608.03983, without restarts).
        case cosine
        /// By the same factor in equal times.
        case exponential
    }

    /// The default is 1 for the first half of the run, then falls linearly to a tenth, so that the last steps settle
    /// instead of following their own batches.
    public init(warmUp: Double = 0, decay: Decay = .linear, decayFrom: Double = 0.5, end: Double = 0.1) {
        self.warmUp = warmUp
        self.decay = decay
        self.decayFrom = decayFrom
        self.end = end
    }

    /// - Parameter progress: share of the run that is over, 0…1.
    public func scale(progress: Double) -> Double {
        let progress = min(max(progress, 0), 1)
        let rise = progress < warmUp ? progress / warmUp : 1
        guard progress > decayFrom, decay != .constant else { return rise }
        let fallen = (progress - decayFrom) / (1 - decayFrom)
        let fall =
            switch decay {
            case .constant: 1.0
            case .linear: 1 - (1 - end) * fallen
            case .cosine: end + (1 - end) * (1 + cos(.pi * fallen)) / 2
            case .exponential: pow(end, fallen)
            }
        return rise * fall
    }
}

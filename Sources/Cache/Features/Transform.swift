import Foundation

extension Feature.Transform {
    /// Returns the transformed number; NaN, which means "missing", for anything that is not finite.
    public func apply(_ value: Double) -> Float {
        guard value.isFinite else { return .nan }
        switch self {
        case .identity: return Float(value).isFinite ? Float(value) : .nan
        case .log1p: return Float(value < 0 ? -Foundation.log1p(-value) : Foundation.log1p(value))
        }
    }
}

extension FeatureSpecification {
    /// Returns JSON with sorted keys: the same specification gives the same text.
    public func canonicalJSON() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
}

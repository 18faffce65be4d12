import Foundation

/// The numbers that an axis shows, and the way it shows them.
public struct Axis: Sendable {
    public enum Spacing: Sendable {
        case linear
        /// For numbers above 0.
        case logarithmic
    }

    /// The quantity, with its unit.
    public var title: String
    public var spacing: Spacing
    public var domain: ClosedRange<Double>
    public var ticks: [Tick]

    public struct Tick: Equatable, Sendable {
        public var value: Double
        public var label: String

        public init(_ value: Double, _ label: String) {
            self.value = value
            self.label = label
        }
    }

    /// Creates an axis with given ticks.
    public init(_ title: String, over domain: ClosedRange<Double>, ticks: [Tick]) {
        self.title = title
        self.domain = domain
        self.ticks = ticks
        spacing = .linear
    }

    /// Creates an axis that contains the values, from one round number to another.
    ///
    /// - Parameters:
    ///   - values: The values; those that are not finite, or not above 0 on a logarithmic axis, are ignored.
    ///   - count: The approximate number of ticks.
    public init(_ title: String, holding values: [Double], spacing: Spacing = .linear, count: Int = 5) {
        self.title = title
        self.spacing = spacing
        let shown = values.filter { $0.isFinite && (spacing == .linear || $0 > 0) }
        guard let least = shown.min(), let most = shown.max() else {
            domain = spacing == .linear ? 0...1 : 1...10
            ticks = domain.ends.map { Tick($0, Self.label($0, step: 1)) }
            return
        }
        switch spacing {
        case .linear:
            let step = Self.step(for: least...most, count: count)
            let (first, last) = ((least / step + 1e-9).rounded(.down), (most / step - 1e-9).rounded(.up))
            domain = first * step...max(last, first + 1) * step
            ticks = (Int(first)...Int(max(last, first + 1))).map { index in
                Tick(Double(index) * step, Self.label(Double(index) * step, step: step))
            }
        case .logarithmic:
            let all = Self.logarithmicSteps(for: least...most)
            let first = all.last { $0 <= least * (1 + 1e-9) } ?? least
            let last = all.first { $0 >= most * (1 - 1e-9) } ?? most
            let range = first...max(last, first * 2)
            domain = range
            ticks = all.filter { range.contains($0) }.map { Tick($0, Self.label($0, step: $0)) }
        }
    }

    /// Creates a logarithmic axis of microseconds whose ticks say `50 µs`, `2 ms` or `1 s`.
    public static func times(_ title: String, holding microseconds: [Double]) -> Axis {
        var axis = Axis(title, holding: microseconds, spacing: .logarithmic)
        axis.ticks = axis.ticks.map { tick in
            let (value, unit) =
                switch tick.value {
                case ..<1_000: (tick.value, "µs")
                case ..<1_000_000: (tick.value / 1_000, "ms")
                default: (tick.value / 1_000_000, "s")
                }
            return Tick(tick.value, "\(NumberText.significant(value)) \(unit)")
        }
        return axis
    }

    /// Returns a value's position: 0 at the beginning of the axis, 1 at its end.
    public func position(_ value: Double) -> Double {
        switch spacing {
        case .linear:
            (value - domain.lowerBound) / (domain.upperBound - domain.lowerBound)
        case .logarithmic:
            log(max(value, domain.lowerBound) / domain.lowerBound) / log(domain.upperBound / domain.lowerBound)
        }
    }

    /// Returns 1, 2 or 5 times a power of ten or, if all values are equal, a step that shows their digits.
    private static func step(for range: ClosedRange<Double>, count: Int) -> Double {
        let width = range.upperBound - range.lowerBound
        let magnitude = max(abs(range.lowerBound), abs(range.upperBound))
        let rough = max(width / Double(count), magnitude * 1e-6, 1e-9)
        let power = pow(10, (log10(width > 0 ? rough : max(magnitude, 1) / 10)).rounded(.down))
        let wanted = width > 0 ? rough : power
        return [1, 2, 5].map { $0 * power }.first { $0 >= wanted * (1 - 1e-9) } ?? 10 * power
    }

    /// Returns powers of ten, with 2 and 5 between them if they are few.
    private static func logarithmicSteps(for range: ClosedRange<Double>) -> [Double] {
        let powers = Int(log10(range.lowerBound).rounded(.down))...Int(log10(range.upperBound).rounded(.up))
        let factors: [Double] = powers.count > 4 ? [1] : [1, 2, 5]
        return powers.flatMap { power in factors.map { $0 * pow(10, Double(power)) } }
    }

    /// Returns a label with as many digits as the step has.
    private static func label(_ value: Double, step: Double) -> String {
        let decimals = max(0, Int((-log10(step) - 1e-9).rounded(.up)))
        guard abs(value) < 1e6 else { return String(format: "%.0e", value) }
        return NumberText.fixed(value == 0 ? 0 : value, decimals: decimals)
    }
}

extension ClosedRange<Double> {
    var ends: [Double] { [lowerBound, upperBound] }
}

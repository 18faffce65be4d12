import Foundation

/// Numbers in readable form. An unknown number is a dash.
public enum NumberText {
    public static let unknown = "–"

    /// `0.7312`
    public static func fixed(_ value: Double?, decimals: Int = 4) -> String {
        value.map { String(format: "%.\(decimals)f", $0).replacing("-", with: "−") } ?? unknown
    }

    /// `+0.0021`, `−0.0003`
    public static func signed(_ value: Double?, decimals: Int = 4) -> String {
        value.map { ($0 > 0 ? "+" : "") + fixed($0, decimals: decimals) } ?? unknown
    }

    /// Four significant digits: `0.8`, `1234`, `−0.001234`
    public static func significant(_ value: Double?) -> String {
        value.map {
            (abs($0) >= 1_000 ? String(format: "%.0f", $0) : String(format: "%.4g", $0)).replacing("-", with: "−")
        }
            ?? unknown
    }

    /// `61.2 %`
    public static func percent(_ share: Double?, decimals: Int = 1) -> String {
        share.map { fixed($0 * 100, decimals: decimals) + " %" } ?? unknown
    }

    /// `−12 % … 80 %`, with the given form of each number.
    public static func range(_ low: Double, _ high: Double, _ text: (Double) -> String) -> String {
        "\(text(low)) … \(text(high))"
    }

    /// `12,345`
    public static func grouped(_ number: Int?) -> String {
        guard let number else { return unknown }
        var groups: [Substring] = []
        var rest = Substring(String(number.magnitude))
        while rest.count > 3 {
            groups.append(rest.suffix(3))
            rest = rest.dropLast(3)
        }
        return (number < 0 ? "−" : "") + (groups + [rest]).reversed().joined(separator: ",")
    }

    /// `8.3 µs`, `123 µs`, `1.52 ms`
    public static func microseconds(_ value: Double?) -> String {
        guard let value else { return unknown }
        return switch value {
        case ..<100: fixed(value, decimals: 1) + " µs"
        case ..<1_000: fixed(value, decimals: 0) + " µs"
        default: fixed(value / 1_000, decimals: 2) + " ms"
        }
    }

    /// `12.3 s`, `3 min 05 s`
    public static func seconds(_ value: Double?) -> String {
        guard let value else { return unknown }
        guard value >= 120 else { return fixed(value, decimals: 1) + " s" }
        let whole = Int(value.rounded())
        return "\(whole / 60) min " + String(format: "%02d s", whole % 60)
    }

    /// `812 bytes`, `1.5 MB`
    public static func bytes(_ count: Int?) -> String {
        guard let count else { return unknown }
        return switch count {
        case ..<1_000: "\(count) bytes"
        case ..<1_000_000: fixed(Double(count) / 1e3, decimals: 1) + " kB"
        case ..<1_000_000_000: fixed(Double(count) / 1e6, decimals: 1) + " MB"
        default: fixed(Double(count) / 1e9, decimals: 1) + " GB"
        }
    }
}

import Foundation

extension PostgresFloat {
    /// A positive number with so many digits, correctly rounded, as `1.25e+01`.
    static func rounded(_ number: Double, digits: Int) -> String {
        String(format: "%.\(digits - 1)e", number)
    }
}

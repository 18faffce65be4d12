import Foundation

extension PostgresFloat {
    /// Returns a positive number with n digits, correctly rounded, as `1.25e+01`.
    static func rounded(_ number: Double, digits: Int) -> String {
        String(format: "%.\(digits - 1)e", number)
    }
}

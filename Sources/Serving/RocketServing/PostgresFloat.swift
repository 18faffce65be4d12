/// PostgreSQL's text of a floating-point number: the fewest digits that stand for it, strictly within the numbers that
/// round to it; with an exponent below 10⁻⁴ and from 10¹⁵ (`real`: 10⁶) on. See `float8out` and `src/common/d2s.c` of
/// https://github.com/postgres/postgres.
enum PostgresFloat {
    static func text(_ number: Double) -> String {
        text(number, exponentFrom: 15, significandBits: 52)
    }

    static func text(_ number: Float) -> String {
        text(number, exponentFrom: 6, significandBits: 23)
    }

    private static func text<Number: BinaryFloatingPoint & LosslessStringConvertible>(
        _ number: Number, exponentFrom: Int, significandBits: Int
    ) -> String {
        if number.isNaN { return "NaN" }
        if number.isInfinite { return number < 0 ? "-Infinity" : "Infinity" }
        let sign = number.sign == .minus ? "-" : ""
        if number.isZero { return sign + "0" }
        var decimal = Decimal(number.magnitude.description)
        // A decimal exactly between two numbers would be read back only by rounding to even; PostgreSQL then adds
        // digits.
        if decimal.isBetween(number.magnitude, significandBits) {
            decimal = Decimal.strictlyWithin(number.magnitude, digits: decimal.digits.count, significandBits)
        }
        let digits = decimal.digits
        let point = decimal.exponent + digits.count
        // `point` digits stand before the point.
        if point - 1 < -4 || point - 1 >= exponentFrom {
            let power = String((point - 1).magnitude)
            let fraction = digits.count > 1 ? "." + digits.dropFirst() : ""
            return "\(sign)\(digits.prefix(1))\(fraction)e\(point < 1 ? "-" : "+")\(power.count < 2 ? "0" : "")\(power)"
        }
        if point <= 0 { return sign + "0." + String(repeating: "0", count: -point) + digits }
        if point >= digits.count { return sign + digits + String(repeating: "0", count: point - digits.count) }
        return sign + digits.prefix(point) + "." + digits.dropFirst(point)
    }

    /// `digits · 10^exponent`
    private struct Decimal {
        var digits: String
        var exponent: Int

        /// - Parameter text: Swift's description of a positive number: `12.5`, `1e+20`.
        init(_ text: String) {
            let parts = text.split(separator: "e")
            let number = parts[0].split(separator: ".", omittingEmptySubsequences: false)
            let fraction = number.count > 1 ? String(number[1]) : ""
            digits = String(number[0]) + fraction
            exponent = (parts.count > 1 ? Int(parts[1]) ?? 0 : 0) - fraction.count
            while digits.count > 1, digits.hasSuffix("0") {
                digits.removeLast()
                exponent += 1
            }
            while digits.count > 1, digits.hasPrefix("0") { digits.removeFirst() }
        }

        /// Returns whether it is as far from a number as from one of its neighbours.
        func isBetween<Number: BinaryFloatingPoint>(_ number: Number, _ significandBits: Int) -> Bool {
            guard var own = UInt128(digits) else { return false }
            // number = significand · 2^power; the borders are (2 · significand ± 1) · 2^(power − 1).
            let isNormal = number.isNormal
            let power = (isNormal ? Int(number.exponent) : Int(Number.leastNormalMagnitude.exponent)) - significandBits
            let significand = UInt128(number.significandBitPattern) + (isNormal ? 1 << UInt128(significandBits) : 0)
            // Below a power of two the next number is half as far away.
            let isPower = number.significandBitPattern == 0 && isNormal
            var borders = [(2 * significand + 1, power - 1)]
            borders.append(isPower ? (4 * significand - 1, power - 2) : (2 * significand - 1, power - 1))
            var shift = exponent
            for _ in 0..<max(0, exponent) {
                let (product, overflow) = own.multipliedReportingOverflow(by: 5)
                if overflow { return false }
                own = product
            }
            let ownZeros = own.trailingZeroBitCount
            own >>= UInt128(ownZeros)
            shift += ownZeros
            return borders.contains { border, power in
                var (border, power) = (border, power)
                for _ in 0..<max(0, -exponent) {
                    let (product, overflow) = border.multipliedReportingOverflow(by: 5)
                    if overflow { return false }
                    border = product
                }
                let zeros = border.trailingZeroBitCount
                border >>= UInt128(zeros)
                power += zeros
                return border == own && shift == power
            }
        }

        /// Returns the shortest decimal with more digits that is nearer to a number than to its neighbours.
        static func strictlyWithin<Number: BinaryFloatingPoint & LosslessStringConvertible>(
            _ number: Number, digits: Int, _ significandBits: Int
        ) -> Decimal {
            for count in digits...17 {
                let decimal = Decimal(rounded(Double(number), digits: count))
                let text = "\(decimal.digits)e\(decimal.exponent)"
                if Number(text) == number, !decimal.isBetween(number, significandBits) { return decimal }
            }
            return Decimal(number.description)
        }
    }
}

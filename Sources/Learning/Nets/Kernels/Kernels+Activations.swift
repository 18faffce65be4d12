import CounterRandom
import Foundation

// Activations, normalisation, dropout and cross layers; forward and backward side by side. All matrices are
// [rows, width], vectors [width].
extension Kernels {
    /// Added to a variance before its root.
    private static let epsilon: Float = 1e-5

    /// y = max(u, 0)
    static func relu(_ u: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, count: Int) {
        for index in 0..<count { y[index] = max(u[index], 0) }
    }

    /// y = u above 0, slope · u below.
    static func prelu(
        _ u: UnsafePointer<Float>, _ slopes: UnsafePointer<Float>, into y: UnsafeMutablePointer<Float>, rows: Int,
        width: Int
    ) {
        for row in 0..<rows {
            let (u, y) = (u + (row &* width), y + (row &* width))
            for column in 0..<width { y[column] = u[column] > 0 ? u[column] : slopes[column] * u[column] }
        }
    }

    /// delta becomes u's gradient; slopeGradient is overwritten.
    static func preluBackward(
        _ delta: UnsafeMutablePointer<Float>, _ u: UnsafePointer<Float>, _ slopes: UnsafePointer<Float>,
        slopeGradient: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        slopeGradient.update(repeating: 0, count: width)
        for row in 0..<rows {
            let (delta, u) = (delta + (row &* width), u + (row &* width))
            for column in 0..<width where u[column] <= 0 {
                slopeGradient[column] += delta[column] * u[column]
                delta[column] *= slopes[column]
            }
        }
    }

    /// y = p · u + (1 − p) · slope · u with p = σ(standardised)
    static func dice(
        _ u: UnsafePointer<Float>, standardised: UnsafePointer<Float>, _ slopes: UnsafePointer<Float>,
        into y: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        for row in 0..<rows {
            for column in 0..<width {
                let index = row &* width &+ column
                let p = 1 / (1 + exp(-standardised[index]))
                y[index] = (p + (1 - p) * slopes[column]) * u[index]
            }
        }
    }

    /// delta becomes the part of u's gradient that does not go through p; u becomes the gradient of `standardised`;
    /// slopeGradient is overwritten.
    static func diceBackward(
        _ delta: UnsafeMutablePointer<Float>, u: UnsafeMutablePointer<Float>, standardised: UnsafePointer<Float>,
        _ slopes: UnsafePointer<Float>, slopeGradient: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        slopeGradient.update(repeating: 0, count: width)
        for row in 0..<rows {
            for column in 0..<width {
                let index = row &* width &+ column
                let p = 1 / (1 + exp(-standardised[index]))
                slopeGradient[column] += delta[index] * (1 - p) * u[index]
                u[index] *= delta[index] * (1 - slopes[column]) * p * (1 - p)
                delta[index] *= p + (1 - p) * slopes[column]
            }
        }
    }

    /// Mean and (biased) variance of each column.
    static func moments(
        _ values: UnsafePointer<Float>, mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>,
        rows: Int, width: Int
    ) {
        sumRows(values, into: mean, rows: rows, width: width)
        scale(mean, by: 1 / Float(rows), count: width)
        variance.update(repeating: 0, count: width)
        for row in 0..<rows {
            let line = values + (row &* width)
            for column in 0..<width {
                let difference = line[column] - mean[column]
                variance[column] += difference * difference
            }
        }
        scale(variance, by: 1 / Float(rows), count: width)
    }

    /// result = (values − mean) / √(variance + ε)
    static func standardise(
        _ values: UnsafePointer<Float>, mean: UnsafePointer<Float>, variance: UnsafePointer<Float>,
        into result: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        for row in 0..<rows {
            let (values, result) = (values + (row &* width), result + (row &* width))
            for column in 0..<width {
                result[column] = (values[column] - mean[column]) / (variance[column] + epsilon).squareRoot()
            }
        }
    }

    /// gradient becomes that of the values before they were standardised by their own moments (arXiv 1502.03167,
    /// section 3).
    static func standardiseBackward(
        _ gradient: UnsafeMutablePointer<Float>, _ standardised: UnsafePointer<Float>,
        variance: UnsafePointer<Float>, rows: Int, width: Int
    ) {
        let share = 1 / Float(rows)
        for column in 0..<width {
            var (sum, product) = (Float(0), Float(0))
            for row in 0..<rows {
                let index = row &* width &+ column
                sum += gradient[index]
                product += gradient[index] * standardised[index]
            }
            let inverse = 1 / (variance[column] + epsilon).squareRoot()
            for row in 0..<rows {
                let index = row &* width &+ column
                gradient[index] = inverse * (gradient[index] - share * (sum + standardised[index] * product))
            }
        }
    }

    /// result = scale · values + shift
    static func scale(
        _ values: UnsafePointer<Float>, _ scale: UnsafePointer<Float>, shift: UnsafePointer<Float>,
        into result: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        for row in 0..<rows {
            let (values, result) = (values + (row &* width), result + (row &* width))
            for column in 0..<width { result[column] = scale[column] * values[column] + shift[column] }
        }
    }

    /// delta becomes the gradient of the values; the others are overwritten.
    static func scaleBackward(
        _ delta: UnsafeMutablePointer<Float>, _ values: UnsafePointer<Float>, _ scale: UnsafePointer<Float>,
        scaleGradient: UnsafeMutablePointer<Float>, shiftGradient: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        scaleGradient.update(repeating: 0, count: width)
        shiftGradient.update(repeating: 0, count: width)
        for row in 0..<rows {
            let (delta, values) = (delta + (row &* width), values + (row &* width))
            for column in 0..<width {
                scaleGradient[column] += delta[column] * values[column]
                shiftGradient[column] += delta[column]
                delta[column] *= scale[column]
            }
        }
    }

    /// y = x ⊙ u + below, all [count].
    static func cross(
        _ y: UnsafeMutablePointer<Float>, x: UnsafePointer<Float>, u: UnsafePointer<Float>,
        below: UnsafePointer<Float>, count: Int
    ) {
        for index in 0..<count { y[index] = x[index] * u[index] + below[index] }
    }

    /// out [count] += a ⊙ b.
    static func addProduct(
        _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int
    ) {
        for index in 0..<count { out[index] += a[index] * b[index] }
    }

    /// values [count] ⊙= factors.
    static func multiply(_ values: UnsafeMutablePointer<Float>, by factors: UnsafePointer<Float>, count: Int) {
        for index in 0..<count { values[index] *= factors[index] }
    }

    /// values [count] *= factor.
    static func scale(_ values: UnsafeMutablePointer<Float>, by factor: Float, count: Int) {
        for index in 0..<count { values[index] *= factor }
    }

    /// Sets a share of the values of some rows to 0 and raises the others by 1 / (1 − share). What is dropped depends
    /// on the key, the row's number in the batch and the column.
    static func drop(
        _ values: UnsafeMutablePointer<Float>, rows: Range<Int>, numbers: [UInt32]?, width: Int, share: Double,
        key: UInt64
    ) {
        let raise = Float(1 / (1 - share))
        let limit = UInt64(share * 65_536)
        for row in rows {
            let line = values + (row &* width)
            var random = CounterRandom(seed: key, stream: numbers.map { UInt64($0[row]) } ?? UInt64(row))
            var column = 0
            while column < width {
                // Four draws of 16 bits from each number.
                var bits = random.next()
                for _ in 0..<min(4, width - column) {
                    line[column] = bits & 0xFFFF < limit ? 0 : line[column] * raise
                    bits >>= 16
                    column &+= 1
                }
            }
        }
    }
}

import Foundation

extension FloatArray {
    /// A range's floats as a file has them.
    package func littleEndianBytes(_ range: Range<Int>) -> Data {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        // All machines that this is built for are little endian.
        return lend { Data(bytes: $0 + range.lowerBound, count: 4 * range.count) }
    }

    /// Sets a range to 0.
    public func clear(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        lend { ($0 + range.lowerBound).update(repeating: 0, count: range.count) }
    }

    /// Takes the values of an array of the same count.
    public func copy(_ other: FloatArray) {
        precondition(other.count == count)
        lend { target in other.lend { target.update(from: $0, count: count) } }
    }

    /// Takes some of another array's values; neither range may leave its array.
    public func copy(_ other: FloatArray, from source: Int, to target: Int, count: Int) {
        precondition(source >= 0 && target >= 0 && source + count <= other.count && target + count <= self.count)
        lend { mine in other.lend { (mine + target).update(from: $0 + source, count: count) } }
    }

    /// Adds some of another array's values to as many of these.
    public func add(_ other: FloatArray, from source: Int, to target: Int, count: Int) {
        precondition(source >= 0 && target >= 0 && source + count <= other.count && target + count <= self.count)
        lend { mine in other.lend { for index in 0..<count { mine[target + index] += $0[source + index] } } }
    }

    /// Makes the first lines copies of one.
    package func fill(lines: Int, with line: FloatArray) {
        precondition(lines * line.count <= count)
        lend { target in
            line.lend { source in
                for number in 0..<lines { (target + number * line.count).update(from: source, count: line.count) }
            }
        }
    }

    /// Euclidean norm, summed in Float64.
    public var norm: Double { squaredNorm(0..<count).squareRoot() }

    /// Sum of the squares of a range, in Float64.
    package func squaredNorm(_ range: Range<Int>) -> Double {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return lend { base in
            var sum = 0.0
            for index in range { sum += Double(base[index]) * Double(base[index]) }
            return sum
        }
    }
}

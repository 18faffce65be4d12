extension FloatArray {
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

    /// Euclidean norm, summed in Float64.
    public var norm: Double { squaredNorm(0..<count).squareRoot() }

    /// Sum of the squares of a range, in Float64.
    func squaredNorm(_ range: Range<Int>) -> Double {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        return lend { base in
            var sum = 0.0
            for index in range { sum += Double(base[index]) * Double(base[index]) }
            return sum
        }
    }
}

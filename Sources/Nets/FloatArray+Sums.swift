extension FloatArray {
    /// Sets a range to 0.
    public func clear(_ range: Range<Int>) {
        precondition(range.lowerBound >= 0 && range.upperBound <= count)
        lend { ($0 + range.lowerBound).update(repeating: 0, count: range.count) }
    }

    /// The sum of arrays of the same count, added in their order whatever the number of threads.
    public func setToSum(of parts: [FloatArray], parallel: Parallel) {
        let chunk = 32_768
        parallel.perform(parts: (count + chunk - 1) / chunk) { index in
            let start = index * chunk
            let size = min(chunk, count - start)
            lend { total in
                for (position, part) in parts.enumerated() {
                    part.lend { part in
                        if position == 0 {
                            (total + start).update(from: part + start, count: size)
                        } else {
                            Kernels.add(part + start, into: total + start, count: size)
                        }
                    }
                }
            }
        }
    }

    /// Euclidean norm, summed in Float64.
    public var norm: Double {
        lend { base in
            var sum = 0.0
            for index in 0..<count { sum += Double(base[index]) * Double(base[index]) }
            return sum.squareRoot()
        }
    }
}

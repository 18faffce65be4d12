import CDNNL
import CLoops

/// The arithmetic of dense layers and optimisers over lent memory. Matrices are row-major; a shape stands where a
/// pointer is introduced. `tests` hold each against a plain reference.
enum Kernels {
    /// out [m, n] = a [m, k] · b [k, n] + beta · out; `transposeA`: a is [k, m]; `transposeB`: b is [n, k].
    ///
    /// - Parameter strideA: floats from a line of a to the next, as of b and out; nil: they follow each other.
    static func multiply(
        _ a: UnsafePointer<Float>, transposeA: Bool = false, strideA: Int? = nil, _ b: UnsafePointer<Float>,
        transposeB: Bool = false, strideB: Int? = nil, into out: UnsafeMutablePointer<Float>, strideOut: Int? = nil,
        m: Int, n: Int, k: Int, beta: Float = 0
    ) {
        dnnl_sgemm(
            CChar(UInt8(ascii: transposeA ? "T" : "N")), CChar(UInt8(ascii: transposeB ? "T" : "N")), dnnl_dim_t(m),
            dnnl_dim_t(n), dnnl_dim_t(k), 1, a, dnnl_dim_t(strideA ?? (transposeA ? m : k)), b,
            dnnl_dim_t(strideB ?? (transposeB ? k : n)), beta, out, dnnl_dim_t(strideOut ?? n))
    }

    /// y [rows, width] += bias [width], then ReLU.
    static func addBiasReLU(
        _ y: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, width: Int
    ) {
        add_bias_relu(y, bias, rows, width)
    }

    /// y [rows, width] += bias [width].
    static func addBias(_ y: UnsafeMutablePointer<Float>, _ bias: UnsafePointer<Float>, rows: Int, width: Int) {
        for row in 0..<rows {
            let line = y + (row &* width)
            for column in 0..<width { line[column] += bias[column] }
        }
    }

    /// delta [count] is kept where the layer's output y [count] is above 0; elsewhere ReLU was flat.
    static func blockReLU(_ delta: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, count: Int) {
        block_relu(delta, y, count)
    }

    /// out [width] = sum over rows of delta [rows, width].
    static func sumRows(
        _ delta: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, rows: Int, width: Int
    ) {
        sum_rows(delta, out, rows, width)
    }

    /// out [count] = source [count]. For an embedding: so short that calling `memcpy` would take longer, and waiting
    /// for the next rows' memory overlaps only where the code between is short.
    @inline(__always)
    static func copy(_ source: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int) {
        func copy<Part: SIMD<Float>>(_ type: Part.Type, at index: Int) {
            UnsafeMutableRawPointer(out + index).storeBytes(
                of: UnsafeRawPointer(source + index).loadUnaligned(as: type), as: type)
        }
        var index = 0
        while index &+ 16 <= count {
            copy(SIMD16<Float>.self, at: index)
            index &+= 16
        }
        while index &+ 4 <= count {
            copy(SIMD4<Float>.self, at: index)
            index &+= 4
        }
        while index < count {
            out[index] = source[index]
            index &+= 1
        }
    }

    /// out [count] += more [count].
    static func add(_ more: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int) {
        for index in 0..<count { out[index] += more[index] }
    }

    /// The same for so many numbers that they are worth a call.
    static func addMany(_ more: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int) {
        add_floats(out, more, count)
    }

    /// out [count] += factor · more [count].
    static func add(
        _ factor: Float, times more: UnsafePointer<Float>, into out: UnsafeMutablePointer<Float>, count: Int
    ) {
        for index in 0..<count { out[index] += factor * more[index] }
    }

    /// One Adam step on weights [count] (Kingma & Ba, arXiv 1412.6980, algorithm 1).
    ///
    /// Moments of weights that get no gradient fade into denormal numbers, which are slow; those that could not move a
    /// weight any more are rounded to 0 before.
    static func adam(
        _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        mean: UnsafeMutablePointer<Float>, variance: UnsafeMutablePointer<Float>, count: Int, step: DenseStep
    ) {
        CLoops.adam(
            weights, gradient, mean, variance, count,
            adam_step(
                beta1: DenseOptimiser.beta1, beta2: DenseOptimiser.beta2, rate: step.rate,
                variance_scale: step.varianceScale))
    }

    /// One Adagrad step on weights [count], each with its own sum of squares (Duchi et al. 2011).
    static func adagrad(
        _ weights: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>,
        squares: UnsafeMutablePointer<Float>, count: Int, rate: Float
    ) {
        CLoops.adagrad(weights, gradient, squares, count, rate)
    }

    /// One step of FTRL-Proximal on a weight (McMahan et al., KDD 2013, algorithm 1, with β = 1).
    static func ftrl(
        _ weight: UnsafeMutablePointer<Float>, gradient g: Float, z: UnsafeMutablePointer<Float>,
        squares n: UnsafeMutablePointer<Float>, rate: Float, _ ftrl: FTRL
    ) {
        let sum = n.pointee + g * g
        z.pointee += g - (sum.squareRoot() - n.pointee.squareRoot()) / rate * weight.pointee
        n.pointee = sum
        let excess = abs(z.pointee) - ftrl.l1
        let pull: Float = z.pointee > 0 ? -1 : 1
        weight.pointee = excess <= 0 ? 0 : pull * excess / ((1 + sum.squareRoot()) / rate + ftrl.l2)
    }

    /// One step of row-wise Adagrad on a row [count] with one accumulator (Duchi et al. 2011; one number per row as in
    /// Naumov et al., arXiv 1906.00091).
    static func adagrad(
        _ row: UnsafeMutablePointer<Float>, gradient: UnsafePointer<Float>, square: UnsafeMutablePointer<Float>,
        count: Int, scale: Float, rate: Float
    ) {
        var sum: Float = 0
        for index in 0..<count { sum += gradient[index] * gradient[index] }
        square.pointee += scale * scale * sum / Float(count)
        let rate = scale * rate / (square.pointee.squareRoot() + 1e-8)
        for index in 0..<count { row[index] -= rate * gradient[index] }
    }
}

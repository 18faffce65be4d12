import Arrays

/// What the machine's matrix library reaches at best: the yardstick of a training step.
public enum MatrixProbe {
    /// Floating-point operations per second of square products of 1,024, one on each thread, the best of some rounds.
    ///
    /// - Parameter type: what the factors are rounded to beforehand.
    public static func peak(threads: Int, type: DenseType = .f32) -> Double {
        let size = 1_024
        let parallel = Parallel(threads: threads)
        let matrices = (0..<3 * threads).map { FloatArray([Float](repeating: Float($0 + 1) / 7, count: size * size)) }
        let rounded = matrices.map { matrix in
            let rounded = BFloat16Array(count: type == .bf16 ? size * size : 0)
            if type == .bf16 { rounded.round(matrix, 0..<size * size) }
            return rounded
        }
        var best = 0.0
        for _ in 0..<20 {
            let start = ContinuousClock.now
            parallel.perform(parts: threads) { part in
                let (a, b) = (3 * part, 3 * part + 1)
                matrices[3 * part + 2].lend { out in
                    switch type {
                    case .f32:
                        matrices[a].lend { a in
                            matrices[b].lend { Kernels.multiply(a, $0, into: out, m: size, n: size, k: size) }
                        }
                    case .bf16:
                        rounded[a].lend { a in
                            rounded[b].lend { Kernels.multiply(a, $0, into: out, m: size, n: size, k: size) }
                        }
                    }
                }
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            best = max(best, 2 * Double(size * size * size * threads) / seconds)
        }
        return best
    }
}

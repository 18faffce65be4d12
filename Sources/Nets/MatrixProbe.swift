/// What the machine's matrix library reaches at best: the yardstick of a training step.
public enum MatrixProbe {
    /// Floating-point operations a second of square products of 1,024, one on each thread, the best of some rounds.
    public static func peak(threads: Int) -> Double {
        let size = 1_024
        let parallel = Parallel(threads: threads)
        let matrices = (0..<3 * threads).map { FloatArray([Float](repeating: Float($0 + 1) / 7, count: size * size)) }
        var best = 0.0
        for _ in 0..<20 {
            let start = ContinuousClock.now
            parallel.perform(parts: threads) { part in
                matrices[3 * part].lend { a in
                    matrices[3 * part + 1].lend { b in
                        matrices[3 * part + 2].lend { Kernels.multiply(a, b, into: $0, m: size, n: size, k: size) }
                    }
                }
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            best = max(best, 2 * Double(size * size * size * threads) / seconds)
        }
        return best
    }
}

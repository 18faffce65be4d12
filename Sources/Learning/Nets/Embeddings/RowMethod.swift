/// How the rows of a table follow their gradients.
enum RowMethod: Sendable {
    /// Row-wise: one accumulator a row (Duchi et al. 2011; row-wise as in Naumov et al., arXiv 1906.00091).
    case adagrad
    case ftrl(FTRL)
}

/// The pulls of FTRL-Proximal towards few and small weights (McMahan et al., KDD 2013).
public struct FTRL: Codable, Equatable, Sendable {
    public var l1, l2: Float

    public init(l1: Float = 0, l2: Float = 0) {
        self.l1 = l1
        self.l2 = l2
    }
}

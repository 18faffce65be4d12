/// What judges the nets while they are trained.
public struct NetJudge: Sendable {
    /// Labels and logits of all held-out rows to how good they are; nil where that cannot be said.
    public var judgement: @Sendable (_ labels: [UInt8], _ logits: [Float]) throws -> Judgement?

    public init(judgement: @escaping @Sendable (_ labels: [UInt8], _ logits: [Float]) throws -> Judgement?) {
        self.judgement = judgement
    }

    /// How good a net is on the held-out rows.
    public struct Judgement: Equatable, Sendable {
        /// Smaller for a better net; it decides.
        public var loss: Double
        /// AUC, which is only reported; nil where there is none.
        public var auc: Double?
        /// Loss of always predicting the click rate; nil where that cannot be compared.
        public var constantLoss: Double?

        public init(loss: Double, auc: Double?, constantLoss: Double? = nil) {
            self.loss = loss
            self.auc = auc
            self.constantLoss = constantLoss
        }
    }
}

/// How large nets, batches and memory are to be, by the impressions that a night trains on and their ids.
struct DraftSizes {
    /// Two weeks hold each weekday twice; older days tell less of the next.
    var windowDays: Int
    /// Small logs are learned from row by row; large ones bear larger steps, which are faster.
    var batchSize, embeddingDim: Int
    /// The light net is served; more rows can teach a wider one. The booster costs training time only.
    var light, booster: [Int]
    /// Light nets of other sizes, which the same booster teaches: what less and more latency would buy. Nil where their
    /// embeddings would leave the ids no room.
    var others: (smaller: [Int], larger: [Int])?
    /// The booster's cross layers: they find what pairs of features tell, and cost about as much as its hidden layers,
    /// or several times as much where there are many features.
    var crossLayers: Int
    /// Whether nets trained alone beside cost little.
    var trainsBaselines: Bool
    /// As `nets.embedding_memory` writes it: room for twice the ids that the log has, so that no two share an embedding
    /// row and new ones find theirs. It is a bound, and takes no memory that the ids do not need.
    var embeddingMemory: String
    /// Whether all ids fit.
    var idsFit: Bool

    init(rows: Int, days: Int, ids: Int) {
        windowDays = Self.windowDays(of: days)
        let trained = rows / max(1, days) * windowDays
        switch trained {
        case ..<20_000: (batchSize, embeddingDim, light, booster) = (64, 8, [16, 8], [128, 64])
        case ..<1_000_000: (batchSize, embeddingDim, light, booster) = (256, 8, [16, 8], [128, 64])
        case ..<20_000_000: (batchSize, embeddingDim, light, booster) = (512, 16, [16, 8], [400, 200, 100])
        case ..<200_000_000: (batchSize, embeddingDim, light, booster) = (1_024, 16, [64, 32], [400, 200, 100])
        default: (batchSize, embeddingDim, light, booster) = (4_096, 16, [128, 64], [720, 360, 180])
        }
        crossLayers = trained < 20_000_000 ? 2 : 0
        trainsBaselines = trained < 20_000_000
        // The nets' rows with the optimiser's two words, and the table of ids.
        let width = 4 * embeddingDim + 8
        func needed(nets: Int) -> Int { ids * (nets * width + 16) }
        func gigabytes(nets: Int) -> Int? { [1, 2, 4, 8, 16].first { 2 * needed(nets: nets) <= $0 * 1_000_000_000 } }
        if gigabytes(nets: 4) != nil {
            let isSmall = light == [16, 8]
            others = (
                smaller: isSmall ? [8] : light.map { $0 / 4 }, larger: isSmall ? [64, 32] : light.map { 2 * $0 }
            )
        }
        let nets = others == nil ? 2 : 4
        let bytes = needed(nets: nets)
        let fitting = gigabytes(nets: nets)
        embeddingMemory = "\(fitting ?? 16)GB"
        idsFit = bytes <= 16_000_000_000
    }

    /// Days that a night trains on, of a log's days.
    static func windowDays(of days: Int) -> Int { max(1, min(mostWindowDays, days - 1)) }

    static let mostWindowDays = 14
}

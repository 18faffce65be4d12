import Testing

@testable import Onboarding

@Suite struct DraftSizesTests {
    @Test("Embeddings may take what twice the log's ids need, and ids that fit no usual machine are said")
    func embeddingMemory() {
        // 80 + 16 bytes an id in the smallest nets, 144 + 16 in the next.
        for (ids, rows, written, fit) in [
            (0, 10_000, "1GB", true), (5_200_000, 500_000, "1GB", true), (5_300_000, 500_000, "2GB", true),
            (20_000_000, 5_000_000, "8GB", true), (90_000_000, 150_000_000, "16GB", true),
            (200_000_000, 150_000_000, "16GB", false),
        ] {
            let sizes = DraftSizes(rows: rows, days: 7, ids: ids)
            #expect(sizes.embeddingMemory == written && sizes.idsFit == fit, "\(ids): \(sizes.embeddingMemory)")
        }
    }

    @Test("The window is the log without its last day, two weeks at most")
    func window() {
        for (days, window) in [(1, 1), (2, 1), (11, 10), (15, 14), (400, 14)] {
            #expect(DraftSizes(rows: 1_000, days: days, ids: 1).windowDays == window)
        }
    }
}

import Testing

@testable import Onboarding

@Suite struct DraftSizesTests {
    @Test("Embeddings may take what twice the log's ids need, and ids that fit no usual machine are said")
    func embeddingMemory() {
        // Of four nets 160 + 16 bytes an id in the smallest ones, 288 + 16 in the next; of two 144 + 16.
        for (ids, rows, written, fit) in [
            (0, 10_000, "1GB", true), (2_800_000, 500_000, "1GB", true), (2_900_000, 500_000, "2GB", true),
            (12_000_000, 5_000_000, "8GB", true), (90_000_000, 150_000_000, "16GB", true),
            (200_000_000, 150_000_000, "16GB", false),
        ] {
            let sizes = DraftSizes(rows: rows, days: 7, ids: ids)
            #expect(sizes.embeddingMemory == written && sizes.idsFit == fit, "\(ids): \(sizes.embeddingMemory)")
        }
    }

    @Test("Three sizes of light nets are drafted, unless their embeddings would leave the ids no room")
    func lights() {
        let small = DraftSizes(rows: 500_000, days: 7, ids: 1_000)
        #expect(small.light == [16, 8] && small.others?.smaller == [8] && small.others?.larger == [64, 32])
        let large = DraftSizes(rows: 150_000_000, days: 7, ids: 1_000)
        #expect(large.others?.smaller == [16, 8] && large.others?.larger == [128, 64] && large.light == [64, 32])
        #expect(DraftSizes(rows: 150_000_000, days: 7, ids: 90_000_000).others == nil)
    }

    @Test("The window is the log without its last day, two weeks at most")
    func window() {
        for (days, window) in [(1, 1), (2, 1), (11, 10), (15, 14), (400, 14)] {
            #expect(DraftSizes(rows: 1_000, days: days, ids: 1).windowDays == window)
        }
    }
}

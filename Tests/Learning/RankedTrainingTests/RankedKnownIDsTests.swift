import Nets
import Testing
import Training
import TrainingSupport

/// Tables of ids, whose rows several ranks keep.
@Suite struct RankedKnownIDsTests {
    @Test("Several ranks train the model of one", arguments: [World.nets, World.partNets])
    func ranks(_ nets: NetSpecification) throws {
        func logits(_ ranks: Int) throws -> [[Float]] {
            try ThreadRanks.run(ranks) { collective -> [[Float]] in
                let trainer = try World.exactTrainer(
                    World.exactSource(), nets: nets, shares: 4, peers: collective.peers)
                _ = try trainer.train(on: World.exactSource()) { _ in }
                guard collective.rank == 0 else { return [] }
                var batch = World.hashed(World.batch(rows: 40, seed: 7))
                if case .single(var ids) = batch.fields[0] {
                    ids[0] = World.hashed(77)
                    batch.fields[0] = .single(ids)
                }
                return [
                    try #require(trainer.model.light).logits(batch), try #require(trainer.model.booster).logits(batch),
                ]
            }[0]
        }
        let alone = try logits(1)
        for ranks in 2...3 { #expect(try RanksTests.furthest(logits(ranks), alone) < 2e-3, "\(ranks) ranks") }
    }
}

import FeatureCache
import Foundation
import RocketLaunching
import Testing
import Training
import TrainingSupport

@Suite struct EpochSearchTests {
    static func training(_ search: EpochSearch?, epochs: Double = 1, threads: Int = 1) -> TrainingSpecification {
        TrainingSpecification(
            passes: .init(epochs: epochs, search: search), batches: .init(size: 32, slices: 4),
            optimisation: Optimisation(schedule: LearningRateSchedule(decay: search == nil ? .constant : .linear)),
            seed: 5, machine: .init(threads: threads))
    }

    static func trainer(_ training: TrainingSpecification, arm: Arm = .rocket) -> CoTrainer {
        CoTrainer(
            TrainingPlan(
                arm: arm, layout: World.layout, nets: World.noisyNets, rocket: RocketSpecification(),
                training: training, clickRate: 0.3))
    }

    /// A search of blocks of 100 rows, of which it trains on 400 in steps of 32.
    static func search(
        _ losses: [Double], _ search: EpochSearch, arm: Arm = .rocket, constant: Double? = nil
    ) throws -> TrainingReport {
        let calls = BestPointsTests.Calls()
        let nets = arm == .rocket ? 2 : 1
        return try trainer(training(search), arm: arm).train(
            on: BestPointsTests.source(),
            judge: NetJudge { labels, logits in
                _ = try calls.judge { _, _ in 0 }.judgement(labels, logits)
                let number = (calls.all.count - 1) / nets
                return NetJudge.Judgement(
                    loss: losses[min(number, losses.count - 1)], auc: nil, constantLoss: constant)
            }
        ) { _ in }
    }

    @Test("It ends an epoch after the best point, or a quarter of the epochs up to it, whichever is longer")
    func patience() throws {
        let early = try Self.search([0.5, 0.4, 0.3, 0.2, 0.3], EpochSearch(share: 0.2))
        #expect(early.validations.count == 8 && early.steps == 26)
        #expect(EpochSearch(share: 0.2).epochs(early.validations, \.lightLoss) == 1)
        let falling = (0..<16).map { 1 - Double($0) / 100 }
        let late = try Self.search(falling + [1], EpochSearch(share: 0.2))
        #expect(late.validations.count == 20)
        #expect(EpochSearch(share: 0.2).epochs(late.validations, \.lightLoss) == 4)
        let capped = try Self.search(falling, EpochSearch(share: 0.2, mostEpochs: 2))
        #expect(capped.validations.count == 8 && EpochSearch().epochs(capped.validations, \.lightLoss) == 2)
    }

    @Test("A booster's search is the beginning of one that it was part of, where that lasted long enough")
    func boosterAlone() throws {
        let losses = [0.5, 0.4, 0.3, 0.2, 0.3]
        let alone = try Self.search(losses, EpochSearch(share: 0.2), arm: .booster).validations
        let longer = try Self.search(losses, EpochSearch(share: 0.2, mostEpochs: 3, patience: 9), arm: .booster)
            .validations
        #expect(alone.count == 8 && longer.count == 12)
        #expect(EpochSearch().boosterAlone(longer) == alone)
        #expect(EpochSearch().boosterAlone(alone) == alone)
        #expect(EpochSearch().boosterAlone(Array(alone.dropLast())) == nil)
        #expect(EpochSearch().boosterAlone([]) == nil)
        #expect(EpochSearch(mostEpochs: 1).boosterAlone(Array(alone.prefix(4))) == Array(alone.prefix(4)))
        #expect(EpochSearch(budget: 60).boosterAlone(longer) == nil)
    }

    @Test("It ends at once where a quarter of what had been learnt is lost, and not where less is")
    func lost() throws {
        let losses = [0.5, 0.4, 0.3, 0.2, 0.35]
        #expect(try Self.search(losses, EpochSearch(share: 0.2), constant: 0.7).validations.count == 5)
        #expect(try Self.search(losses, EpochSearch(share: 0.2), constant: 0.9).validations.count == 8)
        #expect(try Self.search(losses, EpochSearch(share: 0.2), constant: 0.1).validations.count == 8)
    }

    @Test("A best point within the first epoch means one epoch, and none that could be judged means nothing")
    func least() throws {
        let report = try Self.search([0.2, 0.3], EpochSearch(share: 0.2), arm: .booster)
        #expect(report.validations.count == 5)
        #expect(EpochSearch().epochs(report.validations, \.boosterLoss) == 1)
        #expect(EpochSearch().epochs(report.validations, \.lightLoss) == nil)
        let unjudged = try Self.trainer(Self.training(EpochSearch(share: 0.2))).train(
            on: BestPointsTests.source(), judge: NetJudge { _, _ in nil }
        ) { _ in }
        #expect(unjudged.validations.count == 1)
        #expect(EpochSearch().epochs(unjudged.validations, \.lightLoss) == nil)
    }

    @Test("The latest rows of all days are held out, up to the most that are wanted")
    func heldOut() throws {
        for (search, count) in [(EpochSearch(share: 0.5), 250), (EpochSearch(share: 0.5, mostRows: 130), 130)] {
            let calls = BestPointsTests.Calls()
            let judge = calls.judge { _, _ in 0 }
            _ = try Self.trainer(Self.training(search)).train(on: BestPointsTests.source(), judge: judge) { _ in }
            let labels = try BestPointsTests.source().blocks.flatMap { try $0().labels }
            #expect(calls.all.first?.labels == labels.suffix(count))
        }
    }

    @Test("Step sizes stay as they are, whatever the schedule, so the weights are those of a run without one")
    func constantRates() throws {
        let source = BestPointsTests.source()
        var rest = source
        // As many blocks, so that they come in the same order.
        let last = source.blocks[4]
        rest.blocks[4] = { try last().selecting(rows: []) }
        rest.rows -= 100
        rest.clicks -= try source.blocks[4]().labels.reduce(0) { $0 + Int($1) }
        let plain = Self.trainer(Self.training(nil, epochs: 1))
        _ = try plain.train(on: rest) { _ in }
        var search = EpochSearch(share: 0.2)
        search.mostEpochs = 1
        let found = Self.trainer(Self.training(search))
        let falling = BestPointsTests.Calls().judge { validation, _ in Double(validation) }
        _ = try found.train(on: source, judge: falling) { _ in }
        #expect(try found.model.safetensors() == plain.model.safetensors())
    }

    @Test("Two epochs and a half are half as many steps more than two, and the schedule ends with the last")
    func partOfAnEpoch() throws {
        let whole = try Self.trainer(Self.training(nil, epochs: 2)).train(on: World.source()) { _ in }
        let more = try Self.trainer(Self.training(nil, epochs: 2.5)).train(on: World.source()) { _ in }
        #expect(whole.steps == 32 && more.steps == 40)
        let less = try Self.trainer(Self.training(nil, epochs: 0.25)).train(on: World.source()) { _ in }
        #expect(less.steps == 4)
    }

    @Test("A search whose budget has no room for another judgement and the training after it ends")
    func budget() throws {
        var search = EpochSearch(share: 0.2, budget: 1e-9)
        let falling = (0..<200).map { 1 - Double($0) / 1_000 }
        let cut = try Self.search(falling, search)
        #expect(cut.validations.count == 1 && cut.isOutOfTime == true)
        search.budget = 1e9
        let whole = try Self.search(falling, search)
        #expect(whole.validations.count == 120 && whole.isOutOfTime == nil)
    }

    @Test("Killed and resumed, a search comes to the same", arguments: [3, 11, 19])
    func resumes(_ step: Int) throws {
        struct Killed: Error {}
        let judge = NetJudge { labels, logits in
            let loss = zip(labels, logits).reduce(0.0) { $0 + log1p(exp(Double($1.0 == 1 ? -$1.1 : $1.1))) }
            return NetJudge.Judgement(loss: loss, auc: nil)
        }
        let search = EpochSearch(share: 0.2, mostEpochs: 4)
        let whole = Self.trainer(Self.training(search))
        let report = try whole.train(on: BestPointsTests.source(), judge: judge) { _ in }
        var saved: [UInt8]?
        _ = try? Self.trainer(Self.training(search)).train(
            on: BestPointsTests.source(), judge: judge,
            checkpoints: Checkpoints(every: .zero, resume: nil) { part in
                saved = part.bytes
                return true
            }
        ) { if $0.step == step { throw Killed() } }
        let resumed = Self.trainer(Self.training(search, threads: 2))
        let again = try resumed.train(
            on: BestPointsTests.source(), judge: judge,
            checkpoints: Checkpoints(every: .seconds(99), resume: SavedCheckpoint(try #require(saved))) { _ in true }
        ) { _ in }
        #expect(again.validations == report.validations && again.lightStep == report.lightStep)
        #expect(try resumed.model.safetensors() == whole.model.safetensors())
    }

    @Test("What is left out of a source is not held out of it: the latest of the other rows are")
    func cutTwice() throws {
        func block(_ keys: Range<UInt32>) -> @Sendable () -> SparseBatch {
            {
                SparseBatch(
                    labels: keys.map { UInt8($0 % 2) }, keys: Array(keys), groups: keys.map { _ in 0 }, fields: [],
                    numerics: [])
            }
        }
        let all = TrainingSource(
            rows: 100, clicks: 50, blocks: [block(0..<40), block(40..<70), block(70..<95), block(95..<100)])
        let (rest, leftOut) = try all.holdingOut(.latest(share: 0.3, mostRows: 1_000))
        let (training, heldOut) = try rest.holdingOut(.latest(share: 0.1, mostRows: 1_000))
        func keys(_ source: TrainingSource) throws -> [UInt32] { try source.blocks.flatMap { try $0().keys } }
        #expect(try keys(leftOut) == Array(70..<100) && leftOut.rows == 30 && leftOut.clicks == 15)
        #expect(try keys(heldOut) == Array(63..<70) && heldOut.rows == 7)
        #expect(try keys(training) == Array(0..<63) && training.rows == 63 && training.clicks == 31)
        #expect(try keys(all.holdingOut(.latest(share: 0.3, mostRows: 4)).heldOut) == Array(96..<100))
    }
}

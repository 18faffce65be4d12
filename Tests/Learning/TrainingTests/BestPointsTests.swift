import FeatureCache
import Foundation
import Nets
import RocketLaunching
import Synchronization
import Testing
import Training
import TrainingSupport

@Suite struct BestPointsTests {
    /// What a judge was shown, in the order of its calls: the light net and the booster in turn.
    final class Calls: Sendable {
        private let seen = Mutex<[(labels: [UInt8], logits: [Float])]>([])
        var all: [(labels: [UInt8], logits: [Float])] { seen.withLock { $0 } }

        /// A judge whose verdicts, larger for a better net, are given by the number of the validation and the net, 0
        /// light and 1 booster.
        func judge(_ quality: @escaping @Sendable (Int, Int) -> Double?) -> NetJudge {
            NetJudge { [self] labels, logits in
                seen.withLock {
                    $0.append((labels, logits))
                    return quality(($0.count - 1) / 2, ($0.count - 1) % 2)
                        .map { NetJudge.Judgement(loss: 1 - $0, auc: nil) }
                }
            }
        }
    }

    /// Five blocks of 100 rows, the last two of the last day.
    static func source() -> TrainingSource {
        var source = World.source()
        source.days = [7, 7, 8, 9, 9]
        return source
    }

    static func trainer(epochs: Double, patience: Int = 99, threads: Int = 1, share: Double = 0.6) -> CoTrainer {
        CoTrainer(
            TrainingPlan(
                arm: .rocket, layout: World.layout, nets: World.noisyNets,
                rocket: RocketSpecification(hintLoss: .logitMSE, hintWeight: 0.7, sharing: .embeddings),
                training: TrainingSpecification(
                    passes: .init(epochs: epochs), validation: .init(share: share, perEpoch: 2, patience: patience),
                    batches: .init(size: 32, slices: 4), seed: 5, machine: .init(threads: threads)), clickRate: 0.3))
    }

    @Test("The latest share of the last day is held out, and the rest is trained on")
    func heldOut() throws {
        let calls = Calls()
        let report = try Self.trainer(epochs: 1).train(on: Self.source(), judge: calls.judge { _, _ in 0.5 }) { _ in }
        let last = try Self.source().blocks[3...].map { try $0() }
        #expect(calls.all.first?.labels == last.flatMap(\.labels).suffix(120))
        #expect(report.samples == 500 - 120 && report.validations.map(\.step) == [6, 12])
        let none = try Self.trainer(epochs: 1, share: 0).train(on: Self.source(), judge: calls.judge { _, _ in 1 }) {
            _ in
        }
        #expect(none.samples == 500 && none.validations.isEmpty && none.lightStep == nil)
    }

    @Test("Each net keeps the weights of its own best point", arguments: [(1, 1), (0, 3), (5, 2)])
    func keeps(_ best: (light: Int, booster: Int)) throws {
        let calls = Calls()
        let trainer = Self.trainer(epochs: 3)
        let report = try trainer.train(
            on: Self.source(),
            judge: calls.judge { validation, net in validation == (net == 0 ? best.light : best.booster) ? 0.9 : 0.6 }
        ) { _ in }
        #expect(report.validations.count == 6)
        #expect(report.lightStep == report.validations[best.light].step)
        #expect(report.boosterStep == report.validations[best.booster].step)
        var rows = try Self.source().blocks[3]()
        rows.append(try Self.source().blocks[4]())
        let heldOut = rows.selecting(rows: Array(80..<200))
        // Shared or not, and read back or not, the kept nets score as they did when they were judged.
        for model in [trainer.model, try CoTrainedModel(safetensors: trainer.model.safetensors())] {
            for (net, scorer, best) in [(0, model.light, best.light), (1, model.booster, best.booster)] {
                let (found, judged) = (try #require(scorer).logits(heldOut), calls.all[2 * best + net].logits)
                for (found, judged) in zip(found, judged) { #expect(abs(found - judged) < 1e-5) }
            }
        }
        #expect(trainer.model.embeddingParameters == (best.light == best.booster ? 1 : 2) * 38 * 4)
    }

    @Test("The best point is that of the least log loss, whatever the AUC says")
    func logLossDecides() throws {
        let judge = NetJudge { _, _ in nil }
        let calls = Calls()
        let losses = [0.5, 0.4, 0.6]
        let report = try Self.trainer(epochs: 1.5).train(
            on: Self.source(),
            judge: NetJudge { labels, logits in
                _ = try calls.judge { _, _ in 0 }.judgement(labels, logits)
                let number = (calls.all.count - 1) / 2
                return NetJudge.Judgement(loss: losses[number], auc: Double(number))
            }
        ) { _ in }
        #expect(report.validations.map(\.lightLoss) == losses && report.validations.map(\.light) == [0, 1, 2])
        #expect(report.lightStep == report.validations[1].step && report.boosterStep == report.lightStep)
        let unjudged = try Self.trainer(epochs: 1).train(on: Self.source(), judge: judge) { _ in }
        #expect(unjudged.lightStep == nil)
    }

    @Test("Training ends when no net has become better for so long, and not where none can be judged")
    func patience() throws {
        let calls = Calls()
        let rising: @Sendable (Int, Int) -> Double? = { validation, net in net == 0 && validation == 2 ? 0.9 : 0.5 }
        let report = try Self.trainer(epochs: 10, patience: 3).train(on: Self.source(), judge: calls.judge(rising)) {
            _ in
        }
        #expect(report.validations.count == 6 && report.steps == 36)
        let unjudged = try Self.trainer(epochs: 4, patience: 2).train(
            on: Self.source(), judge: Calls().judge { _, _ in nil }
        ) { _ in }
        #expect(unjudged.steps == 48 && unjudged.lightStep == nil)
    }

    @Test("Held-out rows score the same bits for any number of threads, their first layers by ids too")
    func threads() throws {
        // Wide enough that few ids in a thousand rows are worth it.
        let nets = NetSpecification(embeddingDim: 16, light: [64], booster: [128, 16])
        var source = World.source(rows: 10_000)
        source.days = [7, 7, 8, 9, 9]
        let runs = try [1, 3].map { threads in
            let calls = Calls()
            let trainer = CoTrainer(
                TrainingPlan(
                    arm: .rocket, layout: World.layout, nets: nets, rocket: RocketSpecification(sharing: .embeddings),
                    training: TrainingSpecification(
                        validation: .init(share: 0.5), batches: .init(size: 2_000, slices: 4), seed: 5,
                        machine: .init(threads: threads)), clickRate: 0.3))
            _ = try trainer.train(on: source, judge: calls.judge { _, _ in 0.5 }) { _ in }
            let block = try source.blocks[4]()
            for (scorer, judged) in zip([trainer.model.light, trainer.model.booster], calls.all) {
                let scorer = try #require(scorer)
                #expect(zip(scorer.logits(block), judged.logits).allSatisfy { abs($0 - $1) < 1e-5 })
                #expect(scorer.fieldsByIDs > 0 && judged.labels == block.labels)
            }
            return calls.all.map { $0.logits.map(\.bitPattern) }
        }
        #expect(runs[0] == runs[1] && runs[0].map(\.count) == [2_000, 2_000])
    }

    @Test("Killed between two best points and resumed, it keeps the same weights", arguments: [7, 13, 20, 33])
    func resumes(_ step: Int) throws {
        struct Killed: Error {}
        let judge = NetJudge { labels, logits in
            let quality = Double(zip(labels, logits).reduce(0) { $0 + ($1.0 == 1 ? $1.1 : -$1.1) })
            return NetJudge.Judgement(loss: -quality, auc: nil)
        }
        let whole = Self.trainer(epochs: 3, patience: 2)
        let report = try whole.train(on: Self.source(), judge: judge) { _ in }
        var saved: [UInt8]?
        _ = try? Self.trainer(epochs: 3, patience: 2).train(
            on: Self.source(), judge: judge,
            checkpoints: Checkpoints(every: .zero, resume: nil) { part in
                saved = part.bytes
                return true
            }
        ) { if $0.step == step { throw Killed() } }
        let resumed = Self.trainer(epochs: 3, patience: 2, threads: 3)
        let again = try resumed.train(
            on: Self.source(), judge: judge,
            checkpoints: Checkpoints(every: .seconds(99), resume: SavedCheckpoint(try #require(saved))) { _ in true }
        ) { _ in }
        #expect(try resumed.model.safetensors() == whole.model.safetensors())
        #expect(again.validations == report.validations && again.steps == report.steps)
    }
}

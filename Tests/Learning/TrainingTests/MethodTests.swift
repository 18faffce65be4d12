import Arrays
import FeatureCache
import Nets
import RocketLaunching
import Testing
import TrainingSupport

@testable import Training

/// The fast step, held to the method's own table and to a plain trainer, for every block, sharing, hint and way of
/// the fields.
@Suite struct MethodTests {
    struct Case: Sendable, CustomStringConvertible {
        let rocket: RocketSpecification
        let ways: FieldWays
        var description: String {
            "\(rocket.hintLoss) \(rocket.gradientBlock) \(rocket.sharing) \(rocket.sharedLayers) \(ways)"
        }
    }

    static let cases = HintLoss.allCases.flatMap { hint in
        GradientBlock.allCases.flatMap { block in
            [(Sharing.nothing, 0), (.embeddings, 0), (.embeddings, 1)].flatMap { sharing, layers in
                FieldWays.allCases.map { ways in
                    Case(
                        rocket: RocketSpecification(
                            hintLoss: hint, hintWeight: 0.7, temperature: 2, gradientBlock: block, sharing: sharing,
                            sharedLayers: layers), ways: ways)
                }
            }
        }
    }

    static func trainer(_ item: Case, training: TrainingSpecification) -> CoTrainer {
        let trainer = CoTrainer(
            TrainingPlan(
                arm: .rocket, layout: World.layout,
                nets: NetSpecification(embeddingDim: 4, light: [6, 5], booster: [6, 12, 6]), rocket: item.rocket,
                training: training, clickRate: 0.3))
        trainer.choose(item.ways)
        return trainer
    }

    static let training = TrainingSpecification(
        batches: .init(size: 24, slices: 3), optimisation: Optimisation(dense: .init(optimiser: .adagrad)), seed: 5,
        machine: .init(threads: 2))

    @Test("Each term's gradient reaches exactly the parameters that the block's table gives it", arguments: cases)
    func table(_ item: Case) throws {
        let step = Self.trainer(item, training: Self.training).step
        let input = InputRows(World.batch(rows: 24, seed: 1), step.lookup)
        let table = item.rocket.gradientBlock.table
        for term in [LossTerms.booster, .light, .hintThroughLight, .hintThroughBooster] {
            _ = try step.gradients(of: input, step: 0, term, hintScale: 1)
            var norms: [Parameters: Double] = [:]
            for work in step.work {
                var owner = work.reported
                if case .tables(let tables, _) = work { owner = tables.owner }
                norms[owner, default: 0] += step.squaredNorm(work, input, input.rows)
            }
            for (parameters, norm) in norms {
                let row =
                    switch parameters {
                    case .shared: table.shared
                    case .own(.booster): table.booster
                    case .own(.light), .ofLightNets: table.light
                    }
                #expect((norm > 0) == row.contains(term), "\(term) \(parameters)")
            }
            #expect(norms.keys.contains(.shared) == (item.rocket.sharing == .embeddings) && norms.count >= 2)
        }
    }

    @Test("Steps follow the plain trainer's", arguments: cases)
    func plain(_ item: Case) throws {
        let trainer = Self.trainer(item, training: Self.training)
        let (light, booster) = try (#require(trainer.model.lightBranch), #require(trainer.model.boosterBranch))
        var plain = PlainTrainer(
            rocket: item.rocket, training: Self.training,
            tables: (item.rocket.sharing == .embeddings ? [light] : [light, booster])
                .map { PlainTables($0.embeddings) },
            trunk: light.trunk.map { PlainStack($0, endsInLogit: false) },
            light: PlainStack(light.dense, endsInLogit: true), booster: PlainStack(booster.dense, endsInLogit: true))
        for number in 0..<12 {
            let batch = World.batch(rows: 24, seed: UInt64(number))
            let (found, expected) = (try trainer.step(batch, progress: 0), plain.step(batch))
            #expect(abs(found.light - expected.light) < 1e-5 && abs(found.booster - expected.booster) < 1e-5)
            #expect(abs(found.hint - expected.hint) < 1e-5)
        }
        func check(_ found: FloatArray?, _ expected: [Double]?, _ what: String) {
            let distances = zip(found?.values ?? [], expected ?? []).map { abs(Double($0) - $1) }
            let areNear = distances.allSatisfy { $0 < 2e-4 }
            #expect(distances.count == found?.count ?? 0 && areNear, "\(what): \(distances.max() ?? 0)")
        }
        check(light.dense.parameters, plain.light.parameters, "W_L")
        check(booster.dense.parameters, plain.booster.parameters, "W_B")
        check(light.trunk?.parameters, plain.trunk?.parameters, "W_S, layers")
        for (branch, tables) in zip([light, booster], plain.tables) {
            for field in 0..<3 { check(branch.embeddings.tables[field], tables.weights[field], "embedding \(field)") }
        }
    }
}

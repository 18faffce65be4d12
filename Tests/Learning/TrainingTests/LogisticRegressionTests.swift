import CounterRandom
import FeatureCache
import Foundation
import Nets
import Testing

@testable import Training

@Suite("Logistic regression")
struct LogisticRegressionTests {
    /// Clicks drawn from a logistic model of one user, one ad, some tags and a number.
    struct Log {
        static let layout = InputLayout(
            fields: [
                FieldShape(name: "user", rows: 1 << 31, multiValued: false),
                FieldShape(name: "ad", rows: 64, multiValued: false),
                FieldShape(name: "tags", rows: 1 << 31, multiValued: true),
            ], numerics: [NumericShape(name: "age", mean: 40, standardDeviation: 10)])
        var source: TrainingSource
        var judged: SparseBatch
        var truth: [Double] = []

        init(rows: Int, blocks: Int = 4) {
            var random = CounterRandom(seed: 7)
            func weight(_ stream: UInt64, _ id: UInt64) -> Double {
                var random = CounterRandom(seed: 9, stream: stream, position: id * 8)
                return random.normal()
            }
            func batch(_ rows: Int) -> (SparseBatch, [Double]) {
                var (labels, truth): ([UInt8], [Double]) = ([], [])
                var (users, ads, offsets, tags, ages): ([UInt32], [UInt32], [UInt32], [UInt32], [Float]) =
                    ([], [], [0], [], [])
                for _ in 0..<rows {
                    let (user, ad) = (random.next() % 200, random.next() % 50)
                    var logit = -1 + weight(1, user) + weight(2, ad)
                    // Spread over the whole range of hashed ids.
                    users.append(UInt32(truncatingIfNeeded: user &* 0x9E37_79B9) >> 1)
                    ads.append(UInt32(ad))
                    for _ in 0..<random.next() % 3 {
                        let tag = random.next() % 20
                        logit += weight(3, tag)
                        tags.append(UInt32(tag) << 26 | 1)
                    }
                    offsets.append(UInt32(tags.count))
                    let age = random.next() % 10 == 0 ? Double.nan : 40 + 10 * random.normal()
                    logit += age.isNaN ? 0.5 : 0.7 * (age - 40) / 10
                    ages.append(Float(age))
                    let probability = 1 / (1 + exp(-logit))
                    truth.append(probability)
                    labels.append(random.uniform() < probability ? 1 : 0)
                }
                var batch = SparseBatch(
                    labels: labels, groups: labels.map { _ in 0 },
                    fields: [.single(users), .single(ads), .multi(offsets: offsets, ids: tags)])
                batch.numerics = [ages]
                return (batch, truth)
            }
            let parts = (0..<blocks).map { _ in batch(rows / blocks).0 }
            let clicks = parts.reduce(0) { $0 + $1.labels.reduce(0) { $0 + Int($1) } }
            source = TrainingSource(rows: rows, clicks: clicks, blocks: parts.map { part in { part } })
            (judged, truth) = batch(20_000)
        }

        var trainer: LogisticRegressionTrainer {
            LogisticRegressionTrainer(
                layout: Self.layout, clickRate: Double(source.clicks) / Double(source.rows), seed: 1)
        }
    }

    static func logLoss(_ probabilities: [Double], _ labels: [UInt8]) -> Double {
        zip(probabilities, labels).reduce(0) { $0 - log($1.1 == 1 ? $1.0 : 1 - $1.0) } / Double(labels.count)
    }

    @Test("It comes within 0.008 of the log loss of the probabilities that clicks were drawn with, and is calibrated")
    func learns() throws {
        let log = Log(rows: 40_000)
        let (model, report) = try log.trainer.train(on: log.source)
        let predicted = model.logits(log.judged).map { 1 / (1 + exp(-Double($0))) }
        let excess = Self.logLoss(predicted, log.judged.labels) - Self.logLoss(log.truth, log.judged.labels)
        #expect(excess < 0.008)
        let clicks = log.judged.labels.reduce(0) { $0 + Double($1) }
        #expect(abs(predicted.reduce(0, +) / clicks - 1) < 0.04)
        // 200 users, 50 ads, 20 tags, the number and its absence.
        #expect(model.parameters == 272)
        #expect(report.steps == report.passes * 40_000)
    }

    @Test("The same rows and seed give the same logits; another seed gives others")
    func isDeterministic() throws {
        let log = Log(rows: 4_000)
        let (first, _) = try log.trainer.train(on: log.source)
        let (again, _) = try log.trainer.train(on: log.source)
        #expect(first.logits(log.judged) == again.logits(log.judged))
        let other = LogisticRegressionTrainer(layout: Log.layout, clickRate: 0.3, seed: 2)
        #expect(try other.train(on: log.source).model.logits(log.judged) != first.logits(log.judged))
    }

    @Test("Ids that training never met weigh nothing")
    func unseen() throws {
        let log = Log(rows: 4_000)
        let (model, _) = try log.trainer.train(on: log.source)
        func logit(user: UInt32) -> Float {
            var batch = SparseBatch(
                labels: [0], groups: [0], fields: [.single([user]), .single([3]), .multi(offsets: [0, 0], ids: [])])
            batch.numerics = [[40]]
            return model.logits(batch)[0]
        }
        #expect(logit(user: 5) == logit(user: 2_000_000_001))
    }

    @Test("Rows too few to hold some out are trained on once; none are an error")
    func fewRows() throws {
        let log = Log(rows: 8, blocks: 1)
        let (_, report) = try log.trainer.train(on: log.source)
        #expect(report.passes == 1 && report.heldOutLogLoss == nil)
        #expect(throws: TrainingError.noRows) {
            try log.trainer.train(on: TrainingSource(rows: 0, clicks: 0, blocks: []))
        }
    }

    @Test("What stops it is thrown")
    func stops() throws {
        let log = Log(rows: 4_000)
        #expect(throws: CancellationError.self) {
            try log.trainer.train(on: log.source) { _ in throw CancellationError() }
        }
    }

    @Test(
        "Cutting the latest rows off keeps every row, its order and the counts",
        arguments: [1, 999, 1_000, 1_001, 4_000])
    func splits(_ count: Int) throws {
        let source = Log(rows: 4_000).source
        let (earlier, latest) = try source.splitting(latest: count)
        #expect(latest.rows == count && earlier.rows == 4_000 - count)
        #expect(earlier.clicks + latest.clicks == source.clicks)
        func users(_ source: TrainingSource) throws -> [UInt32] {
            try source.blocks.flatMap { block -> [UInt32] in
                guard case .single(let ids) = try block().fields[0] else { return [] }
                return ids
            }
        }
        #expect(try users(earlier) + users(latest) == users(source))
        #expect(earlier.days.count == earlier.blocks.count && latest.days.count == latest.blocks.count)
    }

    /// FTRL-Proximal as the paper writes it, in Double.
    struct PlainFTRL {
        var z: [UInt64: Double] = [:]
        var n: [UInt64: Double] = [:]
        let rate, l2: Double

        init(rate: Double, l2: Double) {
            self.rate = rate
            self.l2 = l2
        }

        func weight(_ key: UInt64) -> Double {
            -z[key, default: 0] / ((1 + n[key, default: 0].squareRoot()) / rate + l2)
        }

        mutating func update(_ key: UInt64, _ gradient: Double) {
            let old = n[key, default: 0]
            let sigma = ((old + gradient * gradient).squareRoot() - old.squareRoot()) / rate
            z[key, default: 0] += gradient - sigma * weight(key)
            n[key, default: 0] = old + gradient * gradient
        }
    }

    @Test("The table's weights are those of plain FTRL-Proximal in Double, while it grows")
    func followsThePaper() {
        let table = FTRLTable(rates: SIMD2<Float>(0.1, 0.5), l2: 1)
        var plain = [0.1, 0.5].map { PlainFTRL(rate: $0, l2: 1) }
        var random = CounterRandom(seed: 3)
        for _ in 0..<60_000 {
            // More keys than the first table has slots, of which a few come often.
            let key = 1 + (random.next() % 4 == 0 ? random.next() % 9_000 : random.next() % 40) << 32
            let gradient = random.normal()
            table.reserve(1)
            let slot = table.slot(for: key)
            table.update(slot, weights: table.weights(slot), gradient: SIMD2(repeating: Float(gradient)))
            for lane in 0..<2 { plain[lane].update(key, gradient) }
        }
        #expect(table.count == plain[0].z.count)
        for lane in 0..<2 {
            for key in plain[lane].z.keys {
                #expect(abs(Double(table.weights(of: key)[lane]) - plain[lane].weight(key)) < 2e-4)
            }
        }
    }

    @Test("A table that may not grow any more gives new inputs the slots of others, and keeps to its bound")
    func isBounded() {
        let table = FTRLTable(rates: SIMD2<Float>(repeating: 0.1), l2: 1, mostSlots: 64)
        for key in UInt64(1)...500 {
            table.reserve(1)
            let slot = table.slot(for: key)
            #expect(slot < 64)
            table.update(slot, weights: table.weights(slot), gradient: SIMD2(repeating: 1))
        }
        #expect(table.count == 48)
        #expect(table.weights(of: 400) != SIMD2())
    }
}

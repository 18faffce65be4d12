import Days
import Evaluation
import Foundation
import SampleLogs
import Testing

private let monday = Day(year: 2026, month: 11, day: 16)

private func specification(
    impressionsPerDay: Int = 20_000, days: Int = 3, seed: UInt64 = 1
) -> SampleLogSpecification {
    SampleLogSpecification(
        impressionsPerDay: impressionsPerDay, firstDay: monday, days: days, users: 5_000, ads: 300, seed: seed)
}

@Suite struct SampleLogGeneratorTests {
    @Test("the same seed gives the same rows, another seed gives others")
    func deterministic() throws {
        let rows = Array(try SampleLogGenerator(specification()).impressions(on: monday))
        #expect(try rows == Array(SampleLogGenerator(specification()).impressions(on: monday)))
        let others = Array(try SampleLogGenerator(specification(seed: 2)).impressions(on: monday))
        let same = zip(rows, others).count { $0.user.number == $1.user.number && $0.ad.number == $1.ad.number }
        #expect(same < rows.count / 50)
    }

    @Test("a day does not depend on the days generated before it, nor on how many there are")
    func daysAreIndependent() throws {
        let generator = try SampleLogGenerator(specification())
        for day in generator.specification.impressionDays { for _ in try generator.impressions(on: day) {} }
        let second = monday.advanced(by: 1)
        let alone = Array(try SampleLogGenerator(specification(days: 2)).impressions(on: second))
        #expect(try Array(generator.impressions(on: second)) == alone)
        #expect(try Array(generator.impressions(on: monday)).map(\.user) != alone.map(\.user))
    }

    @Test("rows come in the order of time, all within their UTC day, with their own ids")
    func ordered() throws {
        let rows = Array(try SampleLogGenerator(specification()).impressions(on: monday))
        #expect(rows.count == 20_000)
        #expect(zip(rows, rows.dropFirst()).allSatisfy { $0.impressedAtMicroseconds <= $1.impressedAtMicroseconds })
        #expect(rows.allSatisfy { Day(utc: Double($0.impressedAtMicroseconds) / 1e6) == monday })
        #expect(Set(rows.map(\.id)).count == rows.count)
        #expect(rows[7].id == "s1-2026-11-16-7")
    }

    @Test("the first rows of a day of ten thousand million are there at once")
    func streams() throws {
        let generator = try SampleLogGenerator(specification(impressionsPerDay: 10_000_000_000))
        #expect(Array(try generator.impressions(on: monday).prefix(10)).count == 10)
    }

    @Test(
        "over a week the true probabilities are calibrated in each fifth, and their mean is the click rate asked for"
    )
    func calibrated() throws {
        let generator = try SampleLogGenerator(specification(days: 7))
        let rows = try generator.specification.impressionDays
            .flatMap { Array(try generator.impressions(on: $0)) }
            .sorted { $0.trueClickProbability < $1.trueClickProbability }
        let mean = rows.reduce(0) { $0 + $1.trueClickProbability } / Double(rows.count)
        #expect(abs(mean / 0.05 - 1) < 0.02)
        for part in 0..<5 {
            let fifth = rows[part * rows.count / 5..<(part + 1) * rows.count / 5]
            let expected = fifth.reduce(0) { $0 + $1.trueClickProbability }
            let variance = fifth.reduce(0) { $0 + $1.trueClickProbability * (1 - $1.trueClickProbability) }
            let clicks = fifth.reduce(0) { $0 + Double($1.label) }
            #expect(abs(clicks - expected) < 4.5 * variance.squareRoot())
        }
    }

    @Test("the true probabilities rank clicks with an AUC between 0.745 and 0.81, whatever the seed")
    func oracle() throws {
        for seed: UInt64 in 1...3 {
            var oracle = OracleAUC()
            var probabilities: [Double] = []
            var labels: [UInt8] = []
            let generator = try SampleLogGenerator(specification(impressionsPerDay: 60_000, seed: seed))
            for row in try generator.impressions(on: monday) {
                oracle.add(probability: row.trueClickProbability, label: row.label)
                probabilities.append(row.trueClickProbability)
                labels.append(row.label)
            }
            let exact = try #require(try EvaluationReport.auc(of: probabilities, labels: labels))
            let streamed = try #require(oracle.value)
            #expect(oracle.errorBound < 1e-3)
            #expect(abs(streamed - exact) <= oracle.errorBound + 1e-12)
            #expect((0.745...0.81).contains(exact))
        }
    }

    @Test("clicks fall within the window except for the late share, and some are there twice")
    func clicks() throws {
        var specification = specification(impressionsPerDay: 100_000)
        specification.clicks.lateShare = 0.1
        specification.clicks.duplicateShare = 0.2
        let generator = try SampleLogGenerator(specification)
        let window = Int64(1_800_000_000)
        var (clicked, late, twice, seconds) = (0, 0, 0, [Double]())
        for row in try generator.impressions(on: monday) {
            guard let delay = row.clickDelayMicroseconds else {
                #expect(row.label == 0 && !row.isLate && row.duplicateDelayMicroseconds == nil)
                continue
            }
            clicked += 1
            late += row.isLate ? 1 : 0
            twice += row.duplicateDelayMicroseconds == nil ? 0 : 1
            #expect(delay > 0 && row.isLate == (delay >= window))
            #expect(row.label == (row.isLate ? 0 : 1))
            if let duplicate = row.duplicateDelayMicroseconds { #expect(duplicate > delay) }
            if !row.isLate { seconds.append(Double(delay) / 1e6) }
            let last = row.impressedAtMicroseconds + (row.duplicateDelayMicroseconds ?? delay)
            #expect(specification.clickDays.contains(Day(utc: Double(last) / 1e6)))
        }
        #expect(abs(Double(late) / Double(clicked) - 0.1) < 0.02)
        #expect(abs(Double(twice) / Double(clicked) - 0.2) < 0.03)
        let median = seconds.sorted()[seconds.count / 2]
        #expect((7...9).contains(median))
    }

    @Test("attributes are missing in about the share asked for")
    func missing() throws {
        var specification = specification(impressionsPerDay: 50_000)
        specification.missingShare = 0.1
        specification.users = 50_000
        specification.ads = 5_000
        let rows = Array(try SampleLogGenerator(specification).impressions(on: monday))
        for share in [rows.count { $0.user.interests == nil }, rows.count { $0.ad.price == nil }] {
            #expect((0.05...0.15).contains(Double(share) / Double(rows.count)))
        }
        #expect(rows.allSatisfy { $0.user.interests.map { (1...5).contains($0.count) } ?? true })
    }

    @Test(
        "what does not divide by the days is spread over the first ones, and settings without it are stored as before")
    func remainder() throws {
        var uneven = specification(impressionsPerDay: 10, days: 3)
        #expect(!String(decoding: try JSONEncoder().encode(uneven), as: UTF8.self).contains("daysWithOneMore"))
        uneven.daysWithOneMore = 2
        let generator = try SampleLogGenerator(uneven)
        let counts = try uneven.impressionDays.map { Array(try generator.impressions(on: $0)).count }
        #expect(counts == [11, 11, 10])
    }

    @Test("ads drift from day to day, the mean and the calibration stay, and the first day is as without drift")
    func drift() throws {
        var specification = specification(impressionsPerDay: 60_000, days: 15)
        let undrifted = try SampleLogGenerator(specification)
        let still = Array(try undrifted.impressions(on: monday))
        specification.adDrift = 0.3
        let generator = try SampleLogGenerator(specification)
        #expect(
            zip(still, try generator.impressions(on: monday))
                .allSatisfy { abs($0.trueClickProbability - $1.trueClickProbability) < 1e-12 && $0.ad == $1.ad })
        var rateOfAd1: [Double] = []
        for day in [monday.advanced(by: 1), monday.advanced(by: 14)] {
            let rows = Array(try generator.impressions(on: day))
            let expected = rows.reduce(0) { $0 + $1.trueClickProbability }
            // Weekdays differ without drift, too.
            let before = try undrifted.impressions(on: day).reduce(0) { $0 + $1.trueClickProbability }
            #expect(abs(expected / before - 1) < 0.03)
            let variance = rows.reduce(0) { $0 + $1.trueClickProbability * (1 - $1.trueClickProbability) }
            #expect(abs(rows.reduce(0) { $0 + Double($1.label) } - expected) < 4.5 * variance.squareRoot())
            let ofAd1 = rows.filter { $0.ad.number == 1 }.map(\.trueClickProbability)
            rateOfAd1.append(ofAd1.reduce(0, +) / Double(ofAd1.count))
        }
        #expect(abs(log(rateOfAd1[1] / rateOfAd1[0])) > 0.2)
        let last = monday.advanced(by: 14)
        let alone = try SampleLogGenerator(specification).impressions(on: last)
        #expect(try Array(generator.impressions(on: last).prefix(100)) == Array(alone.prefix(100)))
    }

    @Test("settings without drift are stored as before, and a drift out of range is refused")
    func driftSettings() throws {
        var specification = specification()
        #expect(!String(decoding: try JSONEncoder().encode(specification), as: UTF8.self).contains("adDrift"))
        specification.adDrift = 3
        #expect(throws: SampleLogError.outOfRange(name: "adDrift", value: "3.0", expected: "0.0…2.0")) {
            try SampleLogGenerator(specification)
        }
    }

    @Test("without signal every impression has the base click rate")
    func noSignal() throws {
        var specification = specification(impressionsPerDay: 1_000)
        specification.clicks.signal = 0
        for row in try SampleLogGenerator(specification).impressions(on: monday) {
            #expect(abs(row.trueClickProbability - 0.05) < 1e-9)
        }
    }

    @Test("a value that makes no log and a day outside are refused with a sentence that names them")
    func refusals() throws {
        var broken = specification()
        broken.clicks.baseRate = 0
        #expect(throws: SampleLogError.outOfRange(name: "baseClickRate", value: "0.0", expected: "0.0001…0.5")) {
            try SampleLogGenerator(broken)
        }
        let generator = try SampleLogGenerator(specification(days: 1))
        let next = monday.advanced(by: 1)
        #expect(throws: SampleLogError.dayOutside(day: next, days: monday...monday)) {
            try generator.impressions(on: next)
        }
        #expect("\(SampleLogError.dayOutside(day: next, days: monday...monday))".contains("2026-11-17"))
    }
}

import Evaluation
import Foundation
import Testing

@Suite struct LatencyProbeTests {
    @Test("a net is called for the warm-up and then for each timed call")
    func countsCalls() {
        var called = 0
        let report = LatencyProbe(calls: 50, warmUp: 7).measure(net: "light", batchSize: 200) { called += 1 }
        #expect(called == 57)
        #expect(report.net == "light")
        #expect(report.batchSize == 200)
        #expect(report.calls == 50)
        #expect(!report.cpuModel.isEmpty)
    }

    @Test("percentiles rise and throughput is the batch over the mean")
    func figuresAgree() {
        var sum = 0.0
        let report = LatencyProbe(calls: 200, warmUp: 0).measure(net: "light", batchSize: 50) {
            for n in 1...500 { sum += 1 / Double(n) }
        }
        #expect(sum > 0)
        #expect(report.p50Microseconds <= report.p90Microseconds)
        #expect(report.p90Microseconds <= report.p99Microseconds)
        #expect(report.p99Microseconds <= report.p999Microseconds)
        #expect(abs(report.scoresPerSecond * report.meanMicroseconds / 1e6 / 50 - 1) < 1e-9)
    }

    @Test("two nets take turns and swap the order every time")
    func interleaves() {
        var calls = ""
        let reports = LatencyProbe(calls: 4, warmUp: 1).measure(
            net: "light", against: "booster", batchSize: 1, call: { calls += "l" }, otherCall: { calls += "b" })
        #expect(calls == "lb" + "lb" + "bl" + "lb" + "bl")
        #expect(reports.net.net == "light" && reports.other.net == "booster")
        #expect(reports.net.calls == 4 && reports.other.calls == 4)
    }

    @Test("paced calls count from their intended start, so one stall counts for the calls behind it")
    func paced() {
        var calls = 0
        let report = LatencyProbe(calls: 200, warmUp: 0).measurePaced(
            net: "light", batchSize: 2, callsPerSecond: 10_000
        ) {
            calls += 1
            if calls == 50 { usleep(10_000) }
        }
        #expect(calls == 200 && report.mode == .paced && report.callsPerSecond == 10_000)
        // 10 ms hold up some hundred calls of 0.1 ms; back to back it would be one call of 200.
        #expect(report.p90Microseconds > 1_000)
        #expect(report.scoresPerSecond == 20_000)
    }

    @Test("the processor's name is that of the first processor in cpuinfo")
    func cpuModel() {
        let text = "processor\t: 0\nmodel name\t: Xeon 8488C: fast\nflags\t: fpu\nmodel name\t: Other\n"
        #expect(LatencyProbe.cpuModel(cpuinfo: text) == "Xeon 8488C: fast")
        #expect(LatencyProbe.cpuModel(cpuinfo: "processor : 0\n") == "unknown")
    }
}

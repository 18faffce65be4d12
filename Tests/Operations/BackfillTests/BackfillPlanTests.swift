import Backfill
import Days
import Night
import Runs
import Testing

/// What a backfill decides to do, as a value.
@Suite struct BackfillPlanTests {
    private static let first = Day(year: 2026, month: 1, day: 5)

    /// A plan of the fifth to the ninth day, over logs from the fifth to the eighth, all mature but the ninth.
    private static func plan(
        _ reprocess: Reprocess = .none, order: BackfillOrder = .oldest, promotion: Promotion = .none,
        stale: Set<Day> = [], chained: Bool = false, facts: [Int: NightFacts] = [:]
    ) -> BackfillPlan {
        BackfillPlan(
            BackfillRequest(
                days: first...first.advanced(by: 4), order: order, reprocess: reprocess, promotion: promotion),
            nights: NightPlan(windowDays: 2, present: first...first.advanced(by: 3)), mature: first.advanced(by: 3),
            stale: stale, chained: chained,
            facts: Dictionary(uniqueKeysWithValues: facts.map { (first.advanced(by: $0), $1) }))
    }

    private static func actions(_ plan: BackfillPlan) -> [BackfillAction] { plan.entries.map(\.action) }

    private static let current = NightFacts(version: 1, isCurrent: true, isJudged: true)
    private static let old = NightFacts(version: 2)
    private static let failed = NightFacts(version: 3, lastRun: BadRun(run: 7, status: "died"))

    @Test("A night sees the days of the window before it only; days that have none are named with the reason")
    func nights() {
        let plan = Self.plan()
        #expect(Self.actions(plan) == [.skip, .make, .make, .make, .skip])
        #expect(plan.entries.map(\.reason) == [.nothingToTrainOn, .noVersion, .noVersion, .noVersion, .notMature])
        for entry in plan.entries {
            #expect(entry.night.map { $0.trainingDays.allSatisfy { $0 < entry.day } } ?? true)
        }
        #expect(plan.entries[3].night?.trained == Self.first.advanced(by: 1)...Self.first.advanced(by: 2))
        #expect(Self.plan(order: .newest).entries == plan.entries.reversed())
    }

    @Test("Each kind of reprocessing takes the nights that it names, and those without a version always")
    func reprocess() {
        let facts = [1: Self.current, 2: Self.old, 3: Self.failed]
        func made(_ reprocess: Reprocess, _ facts: [Int: NightFacts], stale: Set<Day> = []) -> [Int] {
            Self.plan(reprocess, stale: stale, facts: facts).entries.filter { $0.action == .make }
                .map { Self.first.distance(to: $0.day) }
        }
        #expect(made(.none, facts).isEmpty && !Self.plan(facts: facts).hasWork)
        #expect(made(.failed, facts) == [3])
        #expect(made(.stale, facts) == [2, 3])
        #expect(made(.all, facts) == [1, 2, 3])
        for reprocess in Reprocess.allCases {
            #expect(made(reprocess, [2: Self.current]) == (reprocess == .all ? [1, 2, 3] : [1, 3]), "\(reprocess)")
        }
        // A day of logs that changed is in the windows of the nights after it, and is judged on itself.
        let all = [1: Self.current, 2: Self.current, 3: Self.current]
        let changed = Self.first.advanced(by: 2)
        #expect(made(.stale, all, stale: [changed]) == [2, 3])
        #expect(Self.plan(.stale, stale: [changed], facts: all).entries[2].reason == .logsChanged([changed]))
        #expect(made(.none, all, stale: [changed]).isEmpty && made(.failed, all, stale: [changed]).isEmpty)
    }

    @Test("Where nights go on from one another, one that is made again takes all later ones with it")
    func chained() {
        let facts = [1: Self.current, 2: Self.old, 3: Self.current]
        let plan = Self.plan(.stale, chained: true, facts: facts)
        #expect(Self.actions(plan) == [.skip, .skip, .make, .make, .skip])
        #expect(plan.entries[3].reason == .earlierNight(Self.first.advanced(by: 2)))
        #expect(Self.actions(Self.plan(.stale, facts: facts)) == [.skip, .skip, .make, .skip, .skip])
    }

    @Test("With promotion a version that is up to date and was never judged is judged; one of other settings is not")
    func promotion() {
        var unjudged = Self.current
        unjudged.isJudged = false
        let facts = [1: Self.current, 2: unjudged, 3: Self.old]
        #expect(Self.actions(Self.plan(promotion: .byGate, facts: facts)) == [.skip, .skip, .judge, .skip, .skip])
        #expect(Self.actions(Self.plan(facts: facts)) == [.skip, .skip, .skip, .skip, .skip])
    }

    @Test("A night in other hands is waited for, unless there is nothing to do for it")
    func others() {
        var made = Self.current
        made.worker = "run 9"
        let plan = Self.plan(facts: [1: made, 2: NightFacts(worker: "run 9"), 3: Self.current])
        #expect(Self.actions(plan) == [.skip, .skip, .wait, .skip, .skip])
        #expect(plan.entries[2].reason == .workedOn(by: "run 9") && !plan.hasWork)
    }

    @Test("Nights that follow from one another are refused in another order than theirs, or several at a time")
    func order() throws {
        func request(_ order: BackfillOrder, jobs: Int, _ promotion: Promotion) -> BackfillRequest {
            BackfillRequest(days: Self.first...Self.first, order: order, jobs: jobs, promotion: promotion)
        }
        for (order, jobs) in [(BackfillOrder.newest, 1), (.oldest, 2)] {
            #expect(throws: JobError.self) { try request(order, jobs: jobs, .none).check(chained: true) }
            #expect(throws: JobError.self) { try request(order, jobs: jobs, .byGate).check(chained: false) }
            try request(order, jobs: jobs, .none).check(chained: false)
        }
        try request(.oldest, jobs: 1, .byGate).check(chained: true)
    }

    @Test("Time left counts nights that took work, and is told in a unit that fits")
    func pace() {
        func text(_ done: Int, worked: Int, _ seconds: Int) -> String {
            BackfillPace(total: 30, done: done, worked: worked, elapsed: .seconds(seconds)).description
        }
        #expect(text(7, worked: 7, 219) == "backfill  7 of 30 nights, 12 min left")
        #expect(text(20, worked: 4, 20) == "backfill  20 of 30 nights, 50 s left")
        #expect(text(1, worked: 1, 3_600) == "backfill  1 of 30 nights, 29 h 0 min left")
        #expect(text(3, worked: 0, 1) == "backfill  3 of 30 nights")
        #expect(text(30, worked: 30, 100) == "backfill  30 of 30 nights")
    }
}

import Postgres
import TestSupport
import Testing

@Suite struct QueryPlanTests {
    @Test("The rows of a step that several processes share are those of all of them, as in one process")
    func parallel() throws {
        try TestDatabase.run(.empty) { url in
            let connection = try TestDatabase.connect(url)
            try connection.script(
                """
                CREATE TABLE public.big AS SELECT n, n % 10 AS part FROM generate_series(1, 200000) n;
                ANALYZE public.big;
                SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
                """)
            for workers in [0, 1, 2, 4] {
                try connection.script("SET max_parallel_workers_per_gather = \(workers)")
                let plan = try QueryPlan("SELECT n FROM public.big WHERE part < 5", on: connection)
                #expect(plan.steps.contains { $0.kind == "Gather" } == (workers > 0), "\(plan)")
                let scan = try #require(plan.steps.first { $0.isWholeScan })
                #expect(scan.relation == "big" && scan.filter != nil)
                #expect(abs(scan.rows / 100_000 - 1) < 0.1, "\(workers): \(scan.rows)")
            }
        }
    }
}

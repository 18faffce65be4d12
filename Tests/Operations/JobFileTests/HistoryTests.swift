import Features
import JobFile
import Testing

@Suite struct HistoryTests {
    private func job(_ history: String, window: String = "30m") throws -> JobFile {
        let text =
            elaborateJob
            .replacing("attribution_window: 1d", with: "attribution_window: \(window)")
            .replacing(
                "  - {name: price, kind: numeric}",
                with: "  - {name: price, kind: numeric}\n  - {name: hour, kind: hour_of_day}\n  - {\(history)}")
        return try JobFile(text: text, path: "x")
    }

    @Test("A history becomes three numbers for each window, in its place")
    func numbers() throws {
        let features = try job("name: seen, kind: history, of: [user, hour], days: [1, 28]").features
        #expect(
            features.features.map(\.name) == [
                "user", "interests", "price", "hour", "seen_impressions_1d", "seen_clicks_1d", "seen_rate_1d",
                "seen_impressions_28d", "seen_clicks_28d", "seen_rate_28d",
            ])
        let last = try #require(features.features.last?.history)
        #expect(last.of == ["user", "hour"] && last.days == (-29)...(-2) && last.feature == "seen")
        #expect(features.numerics.map(\.name) == ["price"] && features.histories.count == 6)
        #expect(features.fields.last?.tableRows == (features.fields.last?.boundaries?.count ?? 0) + 2)
        let numbers = try job("name: seen, kind: history, of: [user], days: 7, form: numbers").features
        #expect(numbers.numerics.map(\.transform) == [.identity, .log1p, .log1p, .identity])
    }

    @Test(
        "The lag covers the attribution window",
        arguments: [("30m", 2), ("24h", 2), ("25h", 3), ("7d", 8)])
    func lag(_ window: String, _ lag: Int) throws {
        let features = try job("name: seen, kind: history, of: [user], days: 7", window: window).features
        #expect(features.histories.allSatisfy { $0.history?.lag == lag })
        // A night that runs after the window has passed knows one day more, and none besides.
        func history(_ lag: Int) -> String { "name: seen, kind: history, of: [user], days: 7, lag: \(lag)" }
        let asked = try job(history(lag - 1), window: window).features
        #expect(asked.histories.allSatisfy { $0.history?.days == (-5 - lag)...(1 - lag) })
        let error = #expect(throws: JobFileError.self) { try job(history(lag - 2), window: window) }
        #expect("\(error as Any)".contains("features[seen].lag is \(lag - 2)"))
    }

    @Test("A half-life counts the days that have at least 1 % of the newest one's weight")
    func halfLife() throws {
        let history = try job("name: seen, kind: history, of: [user], half_life: 36h").features.histories[0]
        #expect(history.name == "seen_impressions_half_36h" && history.history?.window.days == 11)
        #expect(HistoryWindow(halfLifeHours: 72).suffix == "half_3d")
    }

    @Test("Boundaries of buckets ascend")
    func boundaries() {
        for measure in HistoryNumber.Measure.allCases {
            #expect(zip(measure.boundaries, measure.boundaries.dropFirst()).allSatisfy(<))
        }
    }

    @Test(
        "Mistakes are named with their lines",
        arguments: [
            ("name: s, kind: history, of: [usr], days: 7", "11: features[s].of: ‘usr’ is not a feature of this file"),
            ("name: s, kind: history, of: [price], days: 7", "11: features[s].of: ‘price’ is of kind numeric"),
            ("name: s, kind: history, of: [s], days: 7", "11: features[s].of: ‘s’ is of kind history"),
            ("name: s, kind: history, of: [user, user], days: 7", "11: features[s].of: ‘user’ is there twice"),
            ("name: s, kind: history, days: 7", "11: features[s].of is missing"),
            ("name: s, kind: history, of: [user]", "11: features[s] says no time; expected days: 7"),
            (
                "name: s, kind: history, of: [user], days: 7, half_life: 3d",
                "11: features[s].half_life does not go with days"
            ),
            (
                "name: s, kind: history, of: [user], days: 0",
                "11: features[s].days is 0; expected a whole number from 1"
            ),
            ("name: s, kind: history, of: [user], days: [7, 7]", "11: features[s].days[2] repeats an earlier item"),
            ("name: s, kind: history, of: [user], half_life: 3", "11: features[s].half_life is 3; expected"),
            ("name: s, kind: history, of: [user], days: 7, lag: 0", "11: features[s].lag is 0; expected"),
            (
                "name: s, kind: history, of: [user], days: 7, column: a",
                "11: features[s].column does not fit kind history"
            ),
            ("name: s, kind: categorical, days: 7", "11: features[s].days does not fit kind categorical"),
            ("name: s, kind: cross, of: [user, s_rate_7d]", "11: features[s].of: ‘s_rate_7d’ is not a feature"),
            (
                "name: s, kind: history, of: [user], days: 7}\n  - {name: s_rate_7d, kind: categorical",
                "11: features[s] gives the number s_rate_7d, and another feature has that name"
            ),
        ])
    func mistakes(_ history: String, _ message: String) {
        let error = #expect(throws: JobFileError.self) { try job(history) }
        #expect("\(String(describing: error))".contains("x:" + message), "\(String(describing: error))")
    }
}

import AdLogs
import Testing

@testable import Onboarding

@Suite("Conditions of the command line") struct GivenConditionsTests {
    @Test("Values are trimmed, and those of one column are put together without repetitions")
    func read() throws {
        let conditions = try [RowCondition](
            ["kind = 3, 2", "kind=2", "\"A=b\"=x=y", " ad =true"], of: "--clicks-where")
        #expect(
            conditions == [
                RowCondition(column: "A=b", values: ["x=y"]), RowCondition(column: "ad", values: ["true"]),
                RowCondition(column: "kind", values: ["2", "3"]),
            ])
        #expect(try [RowCondition]([], of: "--clicks-where").isEmpty)
    }

    @Test(
        "An empty column or value is refused with the option and what is wrong",
        arguments: [
            ("kind", "no = after a column"), ("kind=", "it has no value"), ("kind= ", "it has no value"),
            ("=2", "it names no column"), (" = 2", "it names no column"), ("kind=2,,3", "one of its values is empty"),
            ("kind=2,", "one of its values is empty"), ("\"kind=2", "no = after a column"), ("", "no = after a column"),
        ])
    func refused(_ text: String, _ reason: String) {
        let error = #expect(throws: JobDraftError.self) { try [RowCondition]([text], of: "--clicks-where") }
        let said = error.map { "\($0)" } ?? ""
        #expect(said.contains(reason) && said.hasPrefix("--clicks-where is ‘\(text)’"), "\(said)")
    }
}

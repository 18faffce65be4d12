import Foundation
import Testing

@testable import Doctor

@Suite struct FindingTests {
    @Test("A finding's JSON has the keys that other programs read, whatever the program calls them")
    func keys() throws {
        let finding = Finding.problem(.migrations, "schema rocket", "not there", fix: "rocket migrate")
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        #expect(
            String(decoding: try encoder.encode(finding), as: UTF8.self)
                == #"{"found":"not there","mend":"rocket migrate","state":"problem","subject":"schema rocket","#
                + #""topic":"migrations"}"#)
    }
}

import Foundation
import Testing
import Training

@Suite struct TrainingReportTests {
    /// Every part that a report may have, under the keys of the reports in databases.
    private static let stored = """
        {"arm":"rocket","boosterEpochs":{"epochs":2,"origin":"written","points":[]},"boosterStep":40,
         "curve":[{"boosterLoss":0.5,"hint":0.25,"lightLoss":0.75,"step":20}],"denseType":"f32",
         "epochs":{"epochs":1,"origin":"written","points":[]},"fleet":[{"net":"light","step":20}],
         "gradientNorms":[{"hint":{"booster":0,"light":1,"shared":2},"step":1}],
         "group":{"bytesSentASample":1200.5,"expectedBytesASample":1180,"hosts":2,"ranks":4,"shares":8},
         "hintWeight":0.5,"ids":[],"instructions":"AVX2","isOutOfTime":false,"lightStep":20,"operationsASample":123456,
         "samples":40960,"samplesPerSecond":4096,"seconds":10,"steps":40,
         "threadSeconds":{"booster":5,"gather":1,"hint":0,"light":2,"optimiser":1,"read":0.5,"scatter":1},"threads":2,
         "validations":[{"booster":0.75,"light":0.5,"step":20}]}
        """

    @Test("A report that an earlier program stored is read, and stored again under the same keys")
    func keys() throws {
        let data = Data(Self.stored.utf8)
        let report = try JSONDecoder().decode(TrainingReport.self, from: data)
        #expect(report.operationsPerSample == 123_456 && report.boosterStep == 40 && report.lightStep == 20)
        #expect(report.group?.bytesSentPerSample == 1_200.5 && report.group?.expectedBytesPerSample == 1_180)
        let before = try #require(try JSONSerialization.jsonObject(with: data) as? NSDictionary)
        let again = try JSONSerialization.jsonObject(with: JSONEncoder().encode(report)) as? NSDictionary
        #expect(again == before)
        // A part without a key would be lost unseen.
        #expect(Mirror(reflecting: report).children.count == before.count)
    }
}

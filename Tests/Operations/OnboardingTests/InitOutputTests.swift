import Foundation
import OperationsSupport
import TestSupport
import Testing

/// Where `rocket init` writes to.
@Suite struct InitOutputTests {
    @Test("To standard output goes the job file alone; what else there is to say goes to standard error")
    func standardOutput() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            for output in ["/dev/stdout", "-"] {
                let result = try RocketProgram.rocket(
                    [
                        "init", "--impressions", "log.shown", "--clicks", "log.hits", "--model", "ads", "--output",
                        output,
                    ],
                    database: url)
                #expect(result.code == 0 && result.output.hasPrefix("# A first job file"), "\(result.errors)")
                #expect(!result.output.contains("wrote ") && !result.output.contains("rocket nightly --job"))
                #expect(result.errors.contains("wrote /dev/stdout\n") && result.errors.contains("log.hits: ok"))
                #expect(result.errors.contains("rocket nightly --job ads.yaml"), "\(result.errors)")
                try withTemporaryFolder { folder in
                    let job = "\(folder)/ads.yaml"
                    try result.output.write(toFile: job, atomically: true, encoding: .utf8)
                    let checked = try RocketProgram.rocket(["config", "check", job, "--database"], database: url)
                    #expect(checked.code == 0, "\(checked.errors)")
                }
            }
        }
    }

    @Test("A log without a click says so, and not that clicks are few")
    func noClicks() throws {
        try TestDatabase.run(.empty) { url in
            try InitTests.create(on: url)
            try TestDatabase.connect(url).script("TRUNCATE log.hits")
            let (result, _) = try InitTests.draft(
                url, "log.shown", "log.hits", ["--impression-id", "id", "--click-impression", "shown_id"])
            #expect(result.code == 0, "\(result.errors)")
            #expect(result.output.contains("none of 33000 impressions of the sample is clicked"), "\(result.output)")
            #expect(!result.output.contains("too few to tell how long") && !result.output.contains(": ok"))
            #expect(result.output.contains("the first 2000 impressions of log.shown have no click"))
        }
    }
}

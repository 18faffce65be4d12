import JobFile
import TestSupport
import Testing

@Suite struct JobFilePageTests {
    @Test("Every key that files are read by has a text, and every text a key")
    func texts() {
        #expect(JobFilePage().mismatches.isEmpty)
    }

    @Test("The page JobFile is what the forms say; jobs/pages --write writes it again")
    func page() throws {
        #expect(try ManualPage.jobFile.text() == JobFilePage().markdown)
    }

    @Test("A key of the page has its form, its default and whether it is required")
    func keys() throws {
        let keys = JobFile.keys()
        let batch = try #require(keys.first { $0.path == "training.batch_size" })
        #expect(
            batch.defaultValue == "1024" && batch.expected == "a whole number from 1 to 1048576" && !batch.isRequired)
        let retry = try #require(keys.first { $0.path == "database.retry" })
        #expect(retry.defaultValue == "5m")
        let table = try #require(keys.first { $0.path == "source.clicks.table" })
        #expect(table.isRequired && table.defaultValue == nil)
    }
}

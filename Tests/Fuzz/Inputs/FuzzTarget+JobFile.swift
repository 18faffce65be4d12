import CounterRandom
import JobFile

extension FuzzTarget {
    /// A job file: every mistake is said with its line; a file without one can be edited and means the same again.
    static let jobFile = FuzzTarget(name: "job-file") { random in
        var mutant = JobFileMutant(&random)
        for _ in 0...random.next() % 3 { mutant.mutate(&random) }
        var bytes = Array(mutant.text(&random).utf8)
        if random.next() % 16 == 0 { Mutator.mutate(&bytes, with: [], &random) }
        return FuzzInput(parts: [bytes])
    } read: { input in
        let text = String(decoding: input.parts[0], as: UTF8.self)
        let job: JobFile
        do throws(JobFileError) {
            job = try JobFile(text: text, path: "job.yaml")
        } catch {
            try checkRefusal(error, of: text)
            return .refused
        }
        let again = try JobFile(text: text, path: "other.yaml")
        guard try job.fingerprintText() == again.fingerprintText(), try job.extractionText() == again.extractionText()
        else { throw Wrong("the same text means something else when it is read again") }
        try checkEdit(of: job)
        return .accepted
    }

    private static func checkRefusal(_ error: JobFileError, of text: String) throws {
        guard case .invalid(let path, let problems) = error, path == "job.yaml", !problems.isEmpty else {
            throw Wrong("the text was not refused by its mistakes: \(error)")
        }
        // A parser may stop at the end of the text, one line below the last.
        let lines = 2 + text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) }
        for problem in problems {
            guard (1...lines).contains(problem.line) else {
                throw Wrong("line \(problem.line) of \(lines): \(problem)")
            }
            guard !problem.message.isEmpty else { throw Wrong("line \(problem.line) has a mistake without a word") }
        }
    }

    /// What `rocket` writes into a job file stands in it afterwards, and nothing else has changed.
    private static func checkEdit(of job: JobFile) throws {
        var edit = JobFileEdit(job.text)
        guard edit.set(["training", "seed"], to: "4711") else { return }
        let edited = try JobFile(text: edit.text, path: job.path)
        guard edited.training.seed == 4_711 else { throw Wrong("the seed was set and is \(edited.training.seed)") }
        var back = edited
        back.training.seed = job.training.seed
        guard try back.fingerprintText() == job.fingerprintText() else { throw Wrong("an edit changed other keys too") }
    }
}

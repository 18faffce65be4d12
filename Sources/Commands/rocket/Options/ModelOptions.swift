import ArgumentParser
import JobFile

/// Which model: by its name, or by its job file.
struct ModelOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The model's name.", valueName: "name"))
    var model: String?

    @Option(name: .shortAndLong, help: ArgumentHelp("The model's job file, instead of its name.", valueName: "file"))
    var job: String?

    func validate() throws {
        if model != nil, job != nil { throw ValidationError("--model and --job both name the model; leave one out") }
    }

    /// Nil: any model.
    ///
    /// - Throws: `JobFileError`.
    func name() throws -> String? { try model ?? job.map { try JobFile(path: $0).model } }
}

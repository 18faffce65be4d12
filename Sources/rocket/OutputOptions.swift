import ArgumentParser

/// How results are printed.
enum OutputForm {
    /// Text and tables for people.
    case text
    case json
    case csv
}

/// The flags of commands whose results are rows.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print as JSON.")
    var json = false

    @Flag(help: "Print as CSV, with the JSON's keys as columns.")
    var csv = false

    func validate() throws {
        if json && csv { throw ValidationError("--json and --csv are two forms of the same output; choose one") }
    }

    var form: OutputForm { json ? .json : csv ? .csv : .text }
}

import ArgumentParser
import Jobs

struct ExtractCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "extract",
        abstract: "Turn a day of logs into cache files.",
        discussion: """
            Joins the day's clicks to its impressions, hashes the features and writes LZ4 cache files. A day that is \
            cached and unchanged is left alone (exit code 3). The nightly job does this by itself.

            Examples:
              rocket extract --job jobs/quickstart.yaml --day 2026-11-21
              rocket extract --job jobs/quickstart.yaml --day 2026-11-15 --to 2026-11-21
              rocket extract --job jobs/quickstart.yaml --day 2026-11-21 --rebuild
            """)

    @OptionGroup var options: JobOptions

    @Option(help: ArgumentHelp("The day, in the job's time zone.", valueName: "YYYY-MM-DD"))
    var day: Day

    @Option(help: ArgumentHelp("Last day of a range that starts at --day.", valueName: "YYYY-MM-DD"))
    var to: Day?

    @Flag(help: "Build again what is there already.")
    var rebuild = false

    func validate() throws {
        if let to, to < day { throw ValidationError("--to \(to) is before --day \(day)") }
    }

    func run() throws {
        let summaries = try options.session().extract(days: day...(to ?? day), rebuild: rebuild)
        for summary in summaries {
            let entry = summary.entry
            print(
                """
                \(entry.day)  \(entry.rows.grouped) impressions  \(entry.clicks.grouped) clicked  \
                \(entry.bytes.grouped) bytes  \(summary.built ? "built" : "was there")  \(entry.path)
                """)
        }
        if !summaries.contains(where: \.built) { throw ExitCode(ExitStatus.nothingToDo.rawValue) }
    }
}

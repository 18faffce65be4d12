import ArgumentParser
import Doctor
import Foundation

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that a job needs, and say how to fix what is wrong.",
        discussion: """
            Checks the machine (libraries, CPU, memory, disk, clock), both databases (version, encryption, proxies, \
            rights, migrations), and with a job file its columns, indexes, logs, cache files, runs and live model. \
            Each finding is ok, a warning or a problem, with what to type. It writes nothing to a database; rights \
            that suffice for the job suffice for this.

            Exit codes: 0 no problem, though there may be warnings; 7 a database, its rights or its migrations; \
            otherwise 6 the job file or its columns; otherwise 1 the machine, the cache or the live model.

            Examples:
              rocket doctor
              rocket doctor --job jobs/quickstart.yaml
              rocket doctor --job jobs/quickstart.yaml --deep --json
            """)

    @Option(
        name: .shortAndLong, help: ArgumentHelp("The job file. Default: $ROCKET_JOB, else none.", valueName: "file"))
    var job: String?

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var source: SourceDatabaseOptions

    @Option(
        help: ArgumentHelp(
            "Folder of the migrations. Default: $ROCKET_MIGRATIONS, else the program's own.", valueName: "folder"))
    var migrations: String?

    @Flag(help: "Read every byte of the cache files, and compare every cached day with its logs.")
    var deep = false

    @Flag(help: "Print as JSON.")
    var json = false

    func run() throws {
        let environment = ProcessInfo.processInfo.environment
        let findings = Doctor(
            Doctor.Request(
                jobFile: job ?? environment["ROCKET_JOB"], database: database.database,
                sourceDatabase: source.sourceDatabase,
                migrations: migrations ?? environment["ROCKET_MIGRATIONS"], depth: deep ? .deep : .quick
            )
        ).findings()
        let status = findings.exitStatus
        if json {
            try printJSON(Examination(findings: findings, exitCode: status.rawValue))
        } else {
            let list = FindingList(
                findings, style: isatty(STDOUT_FILENO) == 1 ? .terminal : .plain, width: .standardOutput)
            printUnchanged(list.text)
        }
        if status != .done { throw ExitCode(status.rawValue) }
    }

    private struct Examination: Encodable {
        let findings: [Finding]
        let exitCode: Int32

        enum CodingKeys: String, CodingKey {
            case findings
            case exitCode = "exit_code"
        }
    }
}

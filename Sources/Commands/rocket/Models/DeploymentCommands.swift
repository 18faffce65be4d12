import ArgumentParser
import Deployment
import Files
import Runs

extension ModelsCommand {
    struct Promote: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "promote",
            abstract: "Make a version live.",
            discussion: """
                The version must be a candidate that passed the gate; its artifacts are compared with their SHA-256 \
                first. --force overrides the gate, and needs --reason. Exit code 8 if the gate holds it, 4 if another \
                session deployed at the same time. In SQL: SELECT * FROM rocket.promote_version(12).

                Examples:
                  rocket models promote 12
                  rocket models promote 9 --force --reason "PCOC is off: a campaign began today"
                """)

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: DeploymentOutput

        @Argument(help: "Number of the version.")
        var version: Int

        @Flag(help: "Override the gate; needs --reason.")
        var force = false

        @Option(help: "The reason, kept in the ledger.")
        var reason: String?

        func validate() throws {
            if force, reason == nil { throw ValidationError("--force needs --reason; the ledger keeps it") }
        }

        func run() throws {
            try output.show(Deployments(database: database.database).promote(version, force: force, reason: reason))
        }
    }

    struct Rollback: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "rollback",
            abstract: "Reject the live version and return to the one before.",
            discussion: """
                Run again, it goes further back; it never returns to a version that was rolled back from. In SQL: \
                SELECT * FROM rocket.rollback_model('quickstart').

                Example:
                  rocket models rollback --model quickstart --reason "revenue fell"
                """)

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: DeploymentOutput

        @OptionGroup var model: ModelOptions

        @Option(help: "The reason, kept in the ledger.")
        var reason: String?

        func validate() throws {
            if model.model == nil, model.job == nil { throw ValidationError("name the model with --model or --job") }
        }

        func run() throws {
            let name = try model.name() ?? ""
            try output.show(Deployments(database: database.database).rollBack(name, reason: reason))
        }
    }

    struct Retire: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "retire",
            abstract: "Take the live version out of service, or a candidate off the list.",
            discussion: """
                After the live version is retired, no version of the model is live. In SQL: SELECT * FROM \
                rocket.retire_version(12, 'why').

                Example:
                  rocket models retire 12 --reason "the campaign is over"
                """)

        @OptionGroup var database: DatabaseOptions
        @OptionGroup var output: DeploymentOutput

        @Argument(help: "Number of the version.")
        var version: Int

        @Option(help: "The reason, kept in the ledger.")
        var reason: String?

        func run() throws {
            guard let entry = try Deployments(database: database.database).retire(version, reason: reason) else {
                if !output.json { print("version \(version) is retired; it was not live") }
                return
            }
            try output.show(entry)
        }
    }

    struct Pull: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "pull",
            abstract: "Write a version's files from the database to a folder.",
            discussion: """
                Files: light.onnx (the light net for other programs: opset 17, IR version 8, ids in, probabilities \
                out), light.safetensors (its weights; with --booster model.safetensors, all weights), features.json \
                (how raw values become ids), examples.jsonl (rows with their ids and probabilities, by which a serving \
                program tests itself) and, for a model with histories, history.safetensors (what the days before say of \
                each key; the newest night's). What is stored is compared with its SHA-256; each file is written under \
                a temporary name, flushed and renamed, so a reader finds the whole file or none. Of a version with \
                several light nets the files have the one that is served, or that --net names (in a folder with its \
                name: MODEL-VERSION-NET).

                A pull of the live version ends with the link ‘current’ beside the version's folder leading to it, \
                which is replaced in one step. With --if-newer, exit code 3 if it leads there already and the files are \
                those of the database. Each model, and each --net, needs its own folder for that. Pulls into one \
                folder wait for each other.

                live needs --model or --job where several models have a live version.

                Examples:
                  rocket models pull 12
                  rocket models pull 12 --net small
                  rocket models pull live --model quickstart --if-newer --to /srv/models
                  rocket models pull live --model quickstart --format onnx --to /srv/models
                  rocket models pull live --model quickstart --history --to /srv/models
                """)

        @OptionGroup var database: DatabaseOptions

        @Argument(help: "Number of the version, or: live.")
        var version: VersionChoice

        @OptionGroup var model: ModelOptions

        @Option(help: "Which of several light nets. Default: the one that is served.")
        var net: String?

        @Option(help: "onnx or safetensors, each with features.json. Default: all files.")
        var format: ModelFormat?

        @Flag(help: "Write model.safetensors, which has the booster too, instead of light.safetensors.")
        var booster = false

        @Flag(help: "With live: write nothing, with exit code 3, if ‘current’ leads to the live version already.")
        var ifNewer = false

        @Flag(help: "Write history.safetensors only: what a server of this version needs after each night.")
        var history = false

        @Option(help: ArgumentHelp("The folder; created if it is missing.", valueName: "folder"))
        var to = "."

        @Flag(help: "Print as JSON: an array of the files' paths, bytes and SHA-256.")
        var json = false

        func validate() throws {
            if history, format != nil { throw ValidationError("--history writes no model; leave --format out") }
            if booster, history || format == .onnx {
                throw ValidationError("--booster is for safetensors; leave it out, or --format and --history")
            }
            if ifNewer, version != .live { throw ValidationError("--if-newer goes with live") }
        }

        func run() throws {
            let choice: PullChoice = history ? .history : format.map { .format($0) } ?? .all
            let request = PullRequest(
                version, of: try model.name(), net: net, choice, booster ? .withBooster : .light,
                ifNewer ? .ifNewer : .always)
            let pulled = try Deployments(database: database.database).pull(request, to: to) {
                warn("another pull writes to \(VisibleText.escaped(to)); this one waits for it")
            }
            guard let files = pulled.files else { return try endUnchanged(pulled.version) }
            if let obstacle = pulled.obstacle { warn("\(obstacle)") }
            if json { return try printJSON(files) }
            for file in files {
                print("\(VisibleText.escaped(file.path))  \(file.bytes.grouped) bytes  SHA-256 \(file.sha256)")
            }
            if let link = pulled.link { print("\(VisibleText.escaped(link)) leads to version \(pulled.version)") }
            let examples = "/examples.jsonl"
            if choice == .all, let file = files.first(where: { $0.path.hasSuffix(examples) }) {
                let folder = ShellWord.quoted(String(file.path.dropLast(examples.count)))
                printUnchanged("\nTry it:\n  jq -c .values \(folder)\(examples) | rocket predict --folder \(folder)")
            }
        }

        private func endUnchanged(_ number: Int) throws {
            if json { try printJSON([PulledFile]()) } else { print("version \(number) is there; nothing is newer") }
            throw ExitCode(ExitStatus.nothingToDo.rawValue)
        }
    }
}

/// How a deployment is told.
struct DeploymentOutput: ParsableArguments {
    @Flag(help: "Print the ledger's new line as JSON.")
    var json = false

    func show(_ entry: LedgerEntry) throws {
        if json { return try printJSON(entry) }
        let before = entry.previousVersion.map { "version \($0) before" } ?? "none before"
        print(
            entry.version.map { "version \($0) of model \(entry.model) is live; \(before)" }
                ?? "no version of model \(entry.model) is live; \(before)")
    }
}

extension ModelFormat: ExpressibleByArgument {}

extension VersionChoice: ExpressibleByArgument {
    public init?(argument: String) {
        if argument == "live" {
            self = .live
        } else if let number = Int(argument) {
            self = .number(number)
        } else {
            return nil
        }
    }
}

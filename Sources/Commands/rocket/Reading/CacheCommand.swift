import ArgumentParser
import CacheUpkeep
import Files
import Runs
import TextTable

struct CacheCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cache", abstract: "Inspect cache files, verify them, remove what is no longer needed.",
        subcommands: [Inspect.self, Verify.self, Prune.self])

    struct Inspect: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "inspect",
            abstract: "Print headers, indices and the size of each column of cache files.",
            discussion: """
                Reads the whole files; the manual's page "Cache file format" describes them byte by byte. --json is an \
                object, or an array for several files; --csv has a row for each column of each file.

                Example:
                  rocket cache inspect .rocket/cache/*/day=2026-01-06/part-0-*.lz4
                """)

        @Argument(help: "The files.")
        var files: [String]

        @OptionGroup var output: OutputOptions

        func run() throws {
            let reports = try files.map { try inspectCacheFile($0) }
            switch output.form {
            case .json: try reports.count == 1 ? printJSON(reports[0]) : printJSON(reports)
            case .csv:
                printCSV(
                    reports.flatMap { file in file.columns.map { (file, $0) } },
                    CSVColumn<CacheFileReport>.cacheColumns)
            case .text: for report in reports { show(report) }
            }
        }

        private func show(_ report: CacheFileReport) {
            print(
                """
                \(VisibleText.escaped(report.path))
                format version      \(report.formatVersion)
                specification hash  \(report.specificationHash)
                day, part           \(report.day), \(report.part)
                rows, clicks        \(report.rows.grouped), \(report.clicks.grouped)
                checksum            \(report.checksum)
                bytes               \(report.compressedBytes.grouped) (\(report.payloadBytes.grouped) before LZ4)

                """)
            let blocks = TextTable<(Int, CacheFileReport.Block)> { number, block in
                [
                    Column(title: "block", value: number, align: .right),
                    Column(title: "offset", value: block.offset.grouped, align: .right),
                    Column(title: "rows", value: block.rows.grouped, align: .right),
                    Column(title: "bytes", value: block.compressedBytes.grouped, align: .right),
                    Column(title: "before LZ4", value: block.payloadBytes.grouped, align: .right),
                ]
            }
            print(
                blocks.string(for: Array(report.blocks.enumerated()).map { ($0.offset, $0.element) }) ?? "no blocks")
            let rows = Double(max(1, report.rows))
            let columns = TextTable<CacheFileReport.Column> { column in
                let bits =
                    column.fewestBits == column.mostBits
                    ? "\(column.mostBits)" : "\(column.fewestBits) … \(column.mostBits)"
                return [
                    Column(title: "column", value: VisibleText.escaped(column.name)),
                    Column(title: "bits", value: bits, align: .right),
                    Column(title: "dictionary", value: column.dictionaryBlocks > 0 ? "yes" : "no"),
                    Column(title: "bytes before LZ4", value: column.bytes.grouped, align: .right),
                    Column(title: "a row", value: number(Double(column.bytes) / rows, digits: 2), align: .right),
                ]
            }
            print(columns.string(for: report.columns) ?? "no columns")
        }
    }

    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "verify",
            abstract: "Check every frame of cache files.",
            discussion: """
                Checks checksums, LZ4 frames, columns and counts. Exit code 0 if all files are whole, 1 otherwise; \
                each damaged file is named with what is wrong with it.

                Example:
                  rocket cache verify .rocket/cache/*/*/*.lz4
                """)

        @Argument(help: "The files.")
        var files: [String]

        func run() throws {
            var damaged = 0
            for file in files {
                do {
                    try verifyCacheFile(file)
                    print("\(VisibleText.escaped(file)): ok")
                } catch {
                    damaged += 1
                    print(VisibleText.escaped("\(error)"))
                }
            }
            if damaged > 0 { throw ExitCode(ExitStatus.internalError.rawValue) }
        }
    }

    struct Prune: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "prune",
            abstract: "Remove cache files that no manifest row names, and days beyond the retention.",
            discussion: """
                Killed and replaced builds leave files behind. cache.retention_days of the job file (or --keep-days) \
                says how much older than the newest day a cached day may be. It counts for all days in the job's \
                cache.directory, whichever job built them; what other folders have stays. The folder must belong to \
                this database alone. It waits for nobody: while an extraction runs it removes nothing (exit code 4).

                Examples:
                  rocket cache prune --job jobs/quickstart.yaml
                  rocket cache prune --job jobs/quickstart.yaml --keep-days 30 --dry-run
                """)

        @OptionGroup var options: JobOptions

        @Option(help: ArgumentHelp("Days to keep. Default: the job file's cache.retention_days.", valueName: "count"))
        var keepDays: Int?

        @Flag(help: "Print what would be removed, without removing it.")
        var dryRun = false

        func validate() throws {
            if let keepDays, keepDays < 1 { throw ValidationError("--keep-days is \(keepDays), expected 1 or more") }
        }

        func run() throws {
            let removed = try pruneCache(of: options.open(), retentionDays: keepDays, dryRun: dryRun)
            for file in removed.files { print(VisibleText.escaped(file)) }
            print(
                "\(dryRun ? "would remove" : "removed") \(removed.files.count) files, \(removed.bytes.grouped) bytes, "
                    + "\(removed.days) days beyond the retention")
        }
    }
}

import Foundation
import Instructions
import JobFile
import Libraries
import Nets

extension Doctor {
    /// Libraries, CPU, cores, memory.
    static func machine(_ job: JobFile?) -> [Finding] {
        let libraries = LinkedLibrary.all.map { "\($0.name) \($0.version)" }.joined(separator: ", ")
        return [.ok(.machine, "libraries", libraries), instructions(job?.training.denseType)]
            + [job?.training.instructionSet.map { instructionSet($0) }].compactMap { $0 }
            + [cores(job)] + [job.map { memory($0) }].compactMap { $0 }
    }

    /// Whether this machine can keep to the instructions that a job asks for: a run ends with code 6 where it cannot.
    static func instructionSet(
        _ set: InstructionSet, here: (InstructionSet) -> Bool = \.isIncludedHere,
        name: String = VectorInstructions.name ?? "unknown instructions"
    ) -> Finding {
        let subject = "training.instruction_set"
        if here(set) { return .ok(.job, subject, "\(set.rawValue): this CPU has \(name)") }
        let known = InstructionSet.allCases.last { here($0) }
        return .problem(
            .job, subject, "\(set.rawValue), but this CPU has \(name) only",
            fix: (known.map { "write training: {instruction_set: \($0.rawValue)}" } ?? "remove instruction_set")
                + " in the job file, or run the job on a machine that has \(set.rawValue)")
    }

    private static func instructions(_ type: DenseType?) -> Finding {
        let name = VectorInstructions.name ?? "unknown instructions"
        let works = DenseType.allCases.filter(\.isSupportedHere).map(\.rawValue).joined(separator: " and ")
        if let type, !type.isSupportedHere {
            return .problem(
                .job, "training.dtype", "\(type.rawValue) needs instructions that this CPU lacks (it has \(name))",
                fix: "write training: {dtype: f32} in the job file")
        }
        let found = "\(name): \(works) work\(works.contains(" ") ? "" : "s")"
        return cpu(found, architecture: architecture, isNarrow: VectorInstructions.isNarrow)
    }

    /// The kind of machine, as `uname -m` writes it.
    private static var architecture: String {
        var names = utsname()
        guard uname(&names) == 0 else { return "" }
        return withUnsafeBytes(of: names.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }

    static func cpu(_ found: String, architecture: String, isNarrow: Bool) -> Finding {
        if architecture == "aarch64" {
            return .warning(
                .machine, "CPU",
                "aarch64: Debian's oneDNN is built without kernels for Arm, so matrix products take several times as "
                    + "long as on x86-64",
                fix: "train on x86-64; or build oneDNN with the Arm Compute Library and link with that")
        }
        return isNarrow
            ? .warning(
                .machine, "CPU", found,
                fix: "training takes several times as long as with AVX2 or AVX-512; use another machine")
            : .ok(.machine, "CPU", found)
    }

    private static func cores(_ job: JobFile?) -> Finding {
        let cores = ProcessInfo.processInfo.activeProcessorCount
        if let threads = job?.training.machine.threads, threads > cores {
            return .warning(
                .machine, "cores", "\(cores), but training.threads is \(threads)",
                fix: "remove training.threads, or write \(cores) at most")
        }
        return .ok(.machine, "cores", "\(cores)")
    }

    /// Embedding tables are by far the largest part of a training.
    private static func memory(_ job: JobFile) -> Finding {
        let own = job.features.fields.filter { $0.table == nil }
        let numbers = own.filter { !$0.hasIDTable }.reduce(0) { sum, field in
            // The optimiser keeps one number a row.
            sum + field.tableRows * ((field.embeddingDim ?? job.nets.embeddingDim) + 1)
        }
        let nets =
            switch job.rocket.sharing {
            case .nothing: job.nets.lights.count + 1
            case .lights: 2
            case .embeddings: 1
            }
        let tables = 4 * numbers * nets
        if own.contains(where: \.hasIDTable) { return exactMemory(job, atLeast: tables) }
        let needed = tables
        guard let available = MachineMemory.availableBytes else {
            return .ok(.machine, "memory", "the embedding tables take \(size(needed))")
        }
        let found = "\(size(available)) available, the job's embedding tables take \(size(needed))"
        let largest = job.features.fields.max { $0.tableRows < $1.tableRows }
        let fix =
            "lower hash_bits\(largest.map { " of \($0.name) (\($0.hashBits))" } ?? "") or nets.embedding_dim, or "
            + "write rocket: {sharing: embeddings}"
        if needed > available { return .problem(.machine, "memory", found, fix: fix) }
        return 2 * needed > available
            ? .warning(.machine, "memory", found, fix: fix) : .ok(.machine, "memory", found)
    }

    /// Tables that hold the ids which training meets take what these need, up to a bound.
    private static func exactMemory(_ job: JobFile, atLeast tables: Int) -> Finding {
        let most = max(tables, job.embeddingMemory)
        guard let available = MachineMemory.availableBytes else {
            return .ok(.machine, "memory", "embeddings may take \(size(most))")
        }
        let found = "\(size(available)) available, embeddings may take \(size(most)) (nets.embedding_memory)"
        guard most > available else { return .ok(.machine, "memory", found) }
        return .warning(
            .machine, "memory", found,
            fix: "write nets: {embedding_memory: \(max(1, available / 2_000_000))MB}, with which rare ids share a row")
    }

    /// `1.2 GB`
    static func size(_ bytes: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var number = Double(bytes)
        var unit = 0
        while number >= 1_000, unit < units.count - 1 {
            number /= 1_000
            unit += 1
        }
        let digits = number.formatted(.number.precision(.significantDigits(2...3)).grouping(.never))
        return unit == 0 ? "\(bytes) bytes" : "\(digits) \(units[unit])"
    }
}

/// Memory that a new process can have. Linux: /proc/meminfo, and the control group's limit.
enum MachineMemory {
    static var availableBytes: Int? {
        guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8),
            let line = text.split(separator: "\n").first(where: { $0.hasPrefix("MemAvailable:") }),
            let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
        else { return nil }
        let limit = number("/sys/fs/cgroup/memory.max")
        let used = number("/sys/fs/cgroup/memory.current") ?? 0
        return min(1_024 * kibibytes, limit.map { max(0, $0 - used) } ?? .max)
    }

    private static func number(_ path: String) -> Int? {
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
        return Int(text.trimmingCharacters(in: .whitespacesAndNewlines))
    }
}

import Days
import Extract
import ModelRegistry
import RocketServing
import Runs

/// The table of earlier days' counts that servers of a night's version read histories from.
struct NightHistory {
    /// Which counts over which windows it has.
    let hash: String
    let asOf: Day
    let table: ServedHistory
    let bytes: [UInt8]

    /// Makes the table whose newest day is a night's last; nil if the job has no histories.
    ///
    /// - Parameter day: The newest day whose labels are mature.
    init?(endingWith day: Day, _ context: JobContext, _ databases: Databases) throws {
        guard let asOf = context.specification.historyDay(endingWith: day),
            let snapshot = try databases.extraction.history(asOf: asOf)
        else { return nil }
        (hash, self.asOf) = (snapshot.hash, asOf)
        table = ServedHistory(snapshot)
        bytes = try table.encoded()
        for key in table.keys where key.leastImpressions > 1 {
            context.log.notice(
                """
                \(asOf): the served table of \(key.of.joined(separator: ", ")) leaves out keys that were shown less than \
                \(key.leastImpressions) times in all windows; they score as never shown
                """)
        }
        context.log.info("\(asOf): the served table of histories has \(bytes.count) bytes")
    }

    var artifact: Artifact { Artifact(name: Artifact.history, bytes: bytes) }

    /// Keeps the table for servers of every version with the same histories, also of one that the gate did not replace.
    func keep(_ registry: ModelRegistry) throws { try registry.keep(history: bytes, hash: hash, asOf: asOf) }
}

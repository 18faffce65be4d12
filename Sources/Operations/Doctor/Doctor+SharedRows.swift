import Extract
import Foundation
import JobFile
import Nets
import Postgres
import Runs

extension Doctor {
    /// Features whose values share ids on the newest cached day because the job file gives them too few bits, and those
    /// whose ids shared a row in the newest version's training because memory did not suffice.
    static func sharedIDs(_ job: JobFile, on connection: Connection) throws -> [Finding] {
        let bits = try connection.execute(
            """
            SELECT feature, day, collision_rate FROM rocket.feature_statistics
            WHERE specification_hash = $1 AND collision_rate > $2
              AND day = (SELECT max(day) FROM rocket.feature_statistics WHERE specification_hash = $1)
            ORDER BY collision_rate DESC, feature
            """, [.text(try job.extractionSpecification().hash), .double(SharedIDs.most)]
        ).map { row in
            let (feature, rate) = (try row.text("feature"), try row.double("collision_rate"))
            return Finding.warning(
                .models, "ids of \(feature)",
                "\(SharedIDs.percent(rate)) of the values share their id with another on \(try row.text("day"))",
                fix: "remove hash_bits of \(feature) from \(job.path): every value then has its own embedding")
        }
        let memory = try connection.execute(
            """
            SELECT v.version, t->>'feature' AS feature, (t->>'shared_share')::double precision AS share
            FROM (SELECT version, training FROM rocket.model_versions WHERE model = $1 ORDER BY version DESC LIMIT 1) v,
                jsonb_path_query(v.training, '$.rocket.ids[*]') AS tables (t)
            WHERE (t->>'shared_share')::double precision > $2
            ORDER BY share DESC, feature
            """, [.text(job.model), .double(SharedIDs.most)]
        ).map { row in
            Finding.warning(
                .models, "ids of \(try row.text("feature"))",
                "\(SharedIDs.percent(try row.double("share"))) of the values shared one embedding in the training of version "
                    + "\(try row.int("version")): the others did not fit nets.embedding_memory",
                fix:
                    "write more than nets: {embedding_memory: \(size(job.embeddingMemory))} in \(job.path), or give the feature a "
                    + "minimum_count")
        }
        return bits + memory
    }
}

import Postgres

// The training report is JSON in the database, an object of arms; jsonpath finds nothing if an older one lacks a part.
extension ReportReader {
    /// Returns how each arm of a version was trained, rocket first.
    func training(of version: Int) throws -> [VersionDetails.TrainedArm] {
        var arms: [VersionDetails.TrainedArm] = []
        for row in try connection.execute(
            """
            SELECT name, (arm->>'steps')::bigint AS steps, (arm->>'samples')::bigint AS samples,
                   (arm->>'seconds')::double precision AS seconds,
                   (arm->>'hint_weight')::double precision AS hint_weight, (arm->>'light_step')::bigint AS light_step,
                   (arm->>'booster_step')::bigint AS booster_step, g.largest, g.checks
            FROM rocket.model_versions v, jsonb_each(v.training) AS arms (name, arm),
                LATERAL (
                    SELECT max(norm::text::double precision) AS largest, count(*) AS checks
                    FROM jsonb_path_query(arm, '$.gradient_norms[*].hint.booster') AS norms (norm)) g
            WHERE v.version = $1 ORDER BY name <> 'rocket', name DESC
            """, [.int(version)])
        {
            let name = try row.text("name")
            arms.append(
                VersionDetails.TrainedArm(
                    arm: name, steps: try row.intOrNil("steps"), samples: try row.intOrNil("samples"),
                    seconds: try row.doubleOrNil("seconds"), hintWeight: try row.doubleOrNil("hint_weight"),
                    lightStep: try row.intOrNil("light_step"), boosterStep: try row.intOrNil("booster_step"),
                    curve: try curve(of: version, arm: name),
                    validations: try validations(of: version, arm: name),
                    hintOnBooster: try row.doubleOrNil("largest").map { ($0, try row.int("checks")) }))
        }
        return arms
    }

    private func curve(of version: Int, arm name: String) throws -> [VersionDetails.LossPoint] {
        try connection.execute(
            """
            SELECT (p->>'step')::bigint AS step, (p->>'light_loss')::double precision AS light,
                   (p->>'booster_loss')::double precision AS booster, (p->>'hint')::double precision AS hint
            FROM rocket.model_versions v, jsonb_each(v.training) AS arms (name, arm),
                jsonb_path_query(arm, '$.curve[*]') AS points (p)
            WHERE v.version = $1 AND name = $2 ORDER BY step
            """, [.int(version), .text(name)]
        ).map { row in
            VersionDetails.LossPoint(
                step: try row.int("step"), light: try row.doubleOrNil("light"),
                booster: try row.doubleOrNil("booster"), hint: try row.doubleOrNil("hint"))
        }
    }

    private func validations(of version: Int, arm name: String) throws -> [VersionDetails.ValidationPoint] {
        try connection.execute(
            """
            SELECT (p->>'step')::bigint AS step, (p->>'light')::double precision AS light,
                   (p->>'booster')::double precision AS booster
            FROM rocket.model_versions v, jsonb_each(v.training) AS arms (name, arm),
                jsonb_path_query(arm, '$.validations[*]') AS points (p)
            WHERE v.version = $1 AND name = $2 ORDER BY step
            """, [.int(version), .text(name)]
        ).map { row in
            VersionDetails.ValidationPoint(
                step: try row.int("step"), light: try row.doubleOrNil("light"), booster: try row.doubleOrNil("booster"))
        }
    }
}

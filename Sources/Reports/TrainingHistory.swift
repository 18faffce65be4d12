import Postgres

// The training report is JSON in the database; jsonpath in its lax mode finds nothing where an older one lacks a part.
extension ReportReader {
    /// How each arm of a version was trained, rocket first.
    func training(of version: Int) throws -> [VersionDetails.TrainedArm] {
        var arms: [VersionDetails.TrainedArm] = []
        for row in try connection.execute(
            """
            SELECT n, arm->>'arm' AS arm, (arm->>'steps')::bigint AS steps, (arm->>'samples')::bigint AS samples,
                   (arm->>'seconds')::double precision AS seconds,
                   (arm->>'hintWeight')::double precision AS hint_weight, (arm->>'lightStep')::bigint AS light_step,
                   (arm->>'boosterStep')::bigint AS booster_step, g.largest, g.checks
            FROM rocket.model_versions v, jsonb_path_query(v.training, '$[*]') WITH ORDINALITY AS arms (arm, n),
                LATERAL (
                    SELECT max(norm::text::double precision) AS largest, count(*) AS checks
                    FROM jsonb_path_query(arm, '$.gradientNorms[*].hint.booster') AS norms (norm)) g
            WHERE v.version = $1 AND arm ? 'arm' ORDER BY arm->>'arm' <> 'rocket', n
            """, [.int(version)])
        {
            let position = try row.int("n")
            arms.append(
                VersionDetails.TrainedArm(
                    arm: try row.text("arm"), steps: try row.intOrNil("steps"), samples: try row.intOrNil("samples"),
                    seconds: try row.doubleOrNil("seconds"), hintWeight: try row.doubleOrNil("hint_weight"),
                    lightStep: try row.intOrNil("light_step"), boosterStep: try row.intOrNil("booster_step"),
                    curve: try curve(of: version, arm: position),
                    validations: try validations(of: version, arm: position),
                    hintOnBooster: try row.doubleOrNil("largest").map { ($0, try row.int("checks")) }))
        }
        return arms
    }

    private func curve(of version: Int, arm position: Int) throws -> [VersionDetails.LossPoint] {
        try connection.execute(
            """
            SELECT (p->>'step')::bigint AS step, (p->>'lightLoss')::double precision AS light,
                   (p->>'boosterLoss')::double precision AS booster, (p->>'hint')::double precision AS hint
            FROM rocket.model_versions v, jsonb_path_query(v.training, '$[*]') WITH ORDINALITY AS arms (arm, n),
                jsonb_path_query(arm, '$.curve[*]') AS points (p)
            WHERE v.version = $1 AND n = $2 ORDER BY step
            """, [.int(version), .int(position)]
        ).map { row in
            VersionDetails.LossPoint(
                step: try row.int("step"), light: try row.doubleOrNil("light"),
                booster: try row.doubleOrNil("booster"), hint: try row.doubleOrNil("hint"))
        }
    }

    private func validations(of version: Int, arm position: Int) throws -> [VersionDetails.ValidationPoint] {
        try connection.execute(
            """
            SELECT (p->>'step')::bigint AS step, (p->>'light')::double precision AS light,
                   (p->>'booster')::double precision AS booster
            FROM rocket.model_versions v, jsonb_path_query(v.training, '$[*]') WITH ORDINALITY AS arms (arm, n),
                jsonb_path_query(arm, '$.validations[*]') AS points (p)
            WHERE v.version = $1 AND n = $2 ORDER BY step
            """, [.int(version), .int(position)]
        ).map { row in
            VersionDetails.ValidationPoint(
                step: try row.int("step"), light: try row.doubleOrNil("light"), booster: try row.doubleOrNil("booster"))
        }
    }
}

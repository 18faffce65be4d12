import Foundation
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
                   (arm->>'booster_step')::bigint AS booster_step, arm->>'fleet' AS fleet, g.largest, g.checks
            FROM rocket.model_versions v, jsonb_each(v.training) AS arms (name, arm),
                LATERAL (
                    SELECT max(norm::text::double precision) AS largest, count(*) AS checks
                    FROM jsonb_path_query(arm, '$.gradient_norms[*].hint.booster') AS norms (norm)) g
            WHERE v.version = $1 ORDER BY name <> 'rocket', name DESC
            """, [.int(version)])
        {
            let name = try row.text("name")
            let curve = try curve(of: version, arm: name)
            let one = VersionDetails.TrainedLight(net: "light", step: try row.intOrNil("light_step"))
            let fleet = Self.decoded([StoredLight].self, try row.textOrNil("fleet"))?
                .map { VersionDetails.TrainedLight(net: $0.net, step: $0.step) }
            let lights = fleet ?? (curve.contains { !$0.lights.isEmpty } ? [one] : [])
            arms.append(
                VersionDetails.TrainedArm(
                    arm: name, steps: try row.intOrNil("steps"), samples: try row.intOrNil("samples"),
                    seconds: try row.doubleOrNil("seconds"), hintWeight: try row.doubleOrNil("hint_weight"),
                    lights: lights, boosterStep: try row.intOrNil("booster_step"), curve: curve,
                    validations: try validations(of: version, arm: name, lights),
                    hintOnBooster: try row.doubleOrNil("largest").map { ($0, try row.int("checks")) }))
        }
        return arms
    }

    private func curve(of version: Int, arm name: String) throws -> [VersionDetails.LossPoint] {
        try connection.execute(
            """
            SELECT (p->>'step')::bigint AS step, (p->>'light_loss')::double precision AS light,
                   (p->>'booster_loss')::double precision AS booster, (p->>'hint')::double precision AS hint,
                   p->>'further' AS further
            FROM rocket.model_versions v, jsonb_each(v.training) AS arms (name, arm),
                jsonb_path_query(arm, '$.curve[*]') AS points (p)
            WHERE v.version = $1 AND name = $2 ORDER BY step
            """, [.int(version), .text(name)]
        ).map { row in
            let first = VersionDetails.LossPoint.Terms(
                loss: try row.doubleOrNil("light"), hint: try row.doubleOrNil("hint"))
            let further = Self.decoded([StoredTerms].self, try row.textOrNil("further")) ?? []
            return VersionDetails.LossPoint(
                step: try row.int("step"),
                lights: first.loss == nil
                    ? [] : [first] + further.map { VersionDetails.LossPoint.Terms(loss: $0.loss, hint: $0.hint) },
                booster: try row.doubleOrNil("booster"))
        }
    }

    private func validations(
        of version: Int, arm name: String, _ lights: [VersionDetails.TrainedLight]
    ) throws -> [VersionDetails.ValidationPoint] {
        try connection.execute(
            """
            SELECT (p->>'step')::bigint AS step, (p->>'light')::double precision AS light,
                   (p->>'booster')::double precision AS booster, p->>'further' AS further
            FROM rocket.model_versions v, jsonb_each(v.training) AS arms (name, arm),
                jsonb_path_query(arm, '$.validations[*]') AS points (p)
            WHERE v.version = $1 AND name = $2 ORDER BY step
            """, [.int(version), .text(name)]
        ).map { row in
            let further = Self.decoded([StoredJudgement].self, try row.textOrNil("further")) ?? []
            let first = try row.doubleOrNil("light")
            return VersionDetails.ValidationPoint(
                step: try row.int("step"),
                lights: lights.enumerated().map { index, light in
                    index == 0 ? first : further.first { $0.net == light.net }?.auc
                }, booster: try row.doubleOrNil("booster"))
        }
    }

    /// Returns nil for what is not there.
    private static func decoded<Part: Decodable>(_ type: Part.Type, _ json: String?) -> Part? {
        json.flatMap { try? JSONDecoder().decode(type, from: Data($0.utf8)) }
    }
}

/// One of several light nets.
private struct StoredLight: Decodable {
    var net: String
    var step: Int?
}

/// The terms of a light net after the first.
private struct StoredTerms: Decodable {
    var loss, hint: Double?

    enum CodingKeys: String, CodingKey {
        case hint
        case loss = "light_loss"
    }
}

/// The judgement of a light net after the first.
private struct StoredJudgement: Decodable {
    var net: String
    var auc: Double?
}

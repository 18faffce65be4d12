/// The expression by which a view computes a row's time, as the server writes it in plans.
enum TimeExpression {
    /// Whether an index can have the expression, as far as its form tells: PostgreSQL takes only what depends on the
    /// row alone, and a cast of a timestamp, a date or a text to `timestamptz` depends on the session.
    static func canBeIndexed(_ expression: String) -> Bool {
        let plain = expression.replacing(/"(?:[^"]|"")+"/, with: "q")
        // A column.
        if plain.wholeMatch(of: /[a-z_][a-z0-9_$]*/) != nil { return true }
        // Of a timestamp, or of a date as one; as PostgreSQL 14 and later write it, and as earlier ones do.
        let zoned = /\((.*) AT TIME ZONE '[^']*'::text\)/
        let earlier = /timezone\('[^']*'::text, (.*)\)/
        if let match = plain.wholeMatch(of: zoned) ?? plain.wholeMatch(of: earlier) {
            let moment = /[a-z_][a-z0-9_$]*|\([a-z_][a-z0-9_$]*\)::timestamp without time zone/
            return match.output.1.wholeMatch(of: moment) != nil
        }
        // Of a number: arithmetic and casts between numbers, but no text and no other function.
        guard let match = plain.wholeMatch(of: /to_timestamp\(([^',]+)\)/) else { return false }
        let number = match.output.1.replacing(/::(?:double precision|bigint|integer|numeric)/, with: "")
        return number.wholeMatch(of: /[a-z0-9_$ ().*\/+-]+/) != nil && number.firstMatch(of: /[a-z0-9_$]\(/) == nil
    }
}

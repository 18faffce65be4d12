import AdLogs
import Days
import Foundation
import Postgres

extension LogReading {
    /// Long texts are cut: they are prose whatever follows.
    static func expression(_ name: String, _ column: SurveyedColumn) -> String {
        if column.family == .array { return name }
        switch WireForm(type: column.type) {
        case .integer, .uuid, .boolean: return name
        default: return "pg_catalog.left(\(name)::text, \(longestText))"
        }
    }

    /// Returns the wire form of a column; of an array, that of its elements.
    static func form(of column: SurveyedColumn) -> WireForm {
        let type = column.family == .array ? String(column.type.dropLast(2)) : column.type
        return WireForm(type: type).flatMap { $0 == .float ? nil : $0 } ?? .text
    }

    private static let longestText = 300

    /// Reads a `timestamptz` from its text, `2026-01-05 12:00:00.25+00`; the session's time zone is UTC.
    static func instant(_ text: String) -> Instant? {
        guard let match = text.wholeMatch(of: /(\d{4}-\d\d-\d\d) (\d\d):(\d\d):(\d\d)(\.\d{1,6})?\+00/),
            let day = Day(match.1), let hour = Int(match.2), let minute = Int(match.3), let second = Int(match.4)
        else { return nil }
        let fraction = match.5.flatMap { Double("0\($0)") } ?? 0
        let seconds = ((day.ordinal * 24 + hour) * 60 + minute) * 60 + second
        return Instant(microseconds: Int64(seconds) * 1_000_000 + Int64((fraction * 1_000_000).rounded()))
    }
}

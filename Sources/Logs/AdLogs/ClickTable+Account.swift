import Postgres

// What became of the clicks, once all impressions have passed.
extension ClickTable {
    /// Accounts for the clicks that belong to the range. Call it once, after the last impression.
    ///
    /// - Throws: `PostgresError`.
    public mutating func account(_ attribution: Attribution, on connection: Connection) throws -> ClickAccount {
        let end = range.upperBound.microseconds
        var spilled: [Stray] = []
        for index in entries.indices where entries[index].first < entries[index].end {
            let entry = entries[index]
            if entry.shown == .min {
                close(Int32(index), before: end, overridden: .max)
                continue
            }
            // A click after the range may have an impression after the range.
            for click in entry.first..<entry.end where times[Int(click)] >= end {
                if times[Int(click)] - entry.shown < window {
                    spilled.append(Stray(entry: Int32(index), time: times[Int(click)]))
                }
            }
        }
        var overridden: [Int32: Int64] = [:]
        let later = range.upperBound..<range.upperBound.advanced(bySeconds: attribution.windowSeconds)
        for (click, found) in zip(spilled, try ask(spilled, later, attribution, connection)) {
            guard let before = found.before, before >= end else { continue }
            overridden[click.entry] = min(click.time, overridden[click.entry] ?? .max)
        }
        for index in entries.indices where entries[index].shown != .min {
            close(Int32(index), before: .max, overridden: overridden[Int32(index)] ?? .max)
        }
        for (click, found) in zip(strays, try ask(strays, range, attribution, connection)) {
            if !found.isKnown {
                counted.orphans += 1
            } else if let before = found.before {
                if click.time - before < window {
                    counted.toEarlier += 1
                } else {
                    counted.countLate(age: click.time - before)
                }
            } else {
                counted.early += 1
            }
        }
        return counted
    }

    /// Asks the server for the impressions of clicks, a few thousand at a time.
    private func ask(
        _ clicks: [Stray], _ range: Range<Instant>, _ attribution: Attribution, _ connection: Connection
    ) throws -> [(before: Int64?, isKnown: Bool)] {
        guard !clicks.isEmpty else { return [] }
        let sql = attribution.newestImpressions(of: range)
        var found: [(before: Int64?, isKnown: Bool)] = []
        for start in stride(from: 0, to: clicks.count, by: Self.straysAtOnce) {
            let some = clicks[start..<min(start + Self.straysAtOnce, clicks.count)]
            let json = "[" + some.map { self.json($0, attribution.isComposite) }.joined(separator: ",") + "]"
            for row in try connection.execute(sql, [.json(json)]) {
                found.append((try row.intOrNil("before").map { Int64($0) }, try row.bool("any")))
            }
        }
        return found
    }

    /// Returns the JSON that `Attribution.newestImpressions(of:)` reads. The text of an id of several columns is a JSON
    /// list already.
    private func json(_ click: Stray, _ isComposite: Bool) -> String {
        let entry = entries[Int(click.entry)]
        let id = String(decoding: ids[entry.idOffset..<entry.idOffset + Int(entry.idLength)], as: UTF8.self)
        return "{\"at\":\(click.time),\"id\":\(isComposite ? id : "[\(id.quotedForJSON)]")}"
    }

    private static let straysAtOnce = 10_000
}

extension String {
    fileprivate var quotedForJSON: String {
        var text = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"", "\\": text += "\\\(scalar)"
            case _ where scalar.value < 32:
                text += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

/// The known name that was probably meant by a mistyped one; nil when none is close.
///
/// Names that differ in case, underscores and spaces alone come first. Else close means at most a third of the letters
/// (and at least one) inserted, deleted, replaced or swapped with their neighbour. O(names × letters²).
package func nearest(to name: String, among known: some Sequence<String>) -> String? {
    let limit = max(1, name.count / 3)
    let plain = plainLetters(name)
    if let same = known.filter({ $0 != name && plainLetters($0) == plain }).min() { return same }
    return
        known
        .map { (name: $0, distance: editDistance(Array(name.lowercased()), Array($0.lowercased()))) }
        .filter { $0.distance <= limit }
        .min { ($0.distance, $0.name) < ($1.distance, $1.name) }?
        .name
}

/// `; did you mean batch_size?`, or nothing when no known name is close.
package func suggestion(for name: String, among known: some Sequence<String>) -> String {
    nearest(to: name, among: known).map { "; did you mean \($0)?" } ?? ""
}

/// `AdEvents` and `ad_events` as one.
private func plainLetters(_ name: String) -> String {
    name.lowercased().filter { $0 != "_" && $0 != " " && $0 != "-" }
}

/// Optimal string alignment distance: a swap of neighbours counts as one edit.
private func editDistance(_ a: [Character], _ b: [Character]) -> Int {
    var beforePrevious: [Int] = []
    var previous = Array(0...b.count)
    for i in 0..<a.count {
        var current = [i + 1]
        for j in 0..<b.count {
            var cost = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (a[i] == b[j] ? 0 : 1))
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] {
                cost = min(cost, beforePrevious[j - 1] + 1)
            }
            current.append(cost)
        }
        beforePrevious = previous
        previous = current
    }
    return previous[b.count]
}

import CRocketServing
import RocketServing
import Synchronization

// The functions of rocket_serving.h. Callers hold numbers and not addresses, so that a number that is none, or no
// longer one, is an error.

private struct OpenModels: Sendable {
    var byNumber: [UInt64: OpenModel] = [:]
    var newest: UInt64 = 0
}

/// The one state that a process has, since C has no object for it to belong to.
private let openModels = Mutex(OpenModels())

/// Runs a call, keeps its error for `rocket_serving_last_error` and returns its status.
private func status(_ body: () throws(CallError) -> Void) -> rocket_serving_status {
    do throws(CallError) {
        try body()
        return rocket_serving_status(ROCKET_SERVING_OK)
    } catch {
        rocket_thread_error_set(error.text)
        return error.status
    }
}

private func model(_ number: UInt64) throws(CallError) -> OpenModel {
    guard let model = openModels.withLock({ $0.byNumber[number] }) else {
        throw .argument("no open model has the number \(number)")
    }
    return model
}

private func text(_ pointer: UnsafePointer<CChar>?, _ name: String) throws(CallError) -> String {
    guard let pointer else { throw .argument("\(name) is NULL") }
    guard let text = String(validatingCString: pointer) else { throw .argument("\(name) is not UTF-8") }
    return text
}

/// An array of a caller's: no elements at NULL.
private func array<Element>(
    _ pointer: UnsafePointer<Element>?, _ count: Int, _ name: String
) throws(CallError) -> UnsafeBufferPointer<Element> {
    guard (0...mostElements).contains(count) else {
        throw .argument("the length of \(name) is \(UInt(bitPattern: count)), expected at most \(mostElements)")
    }
    guard pointer != nil || count == 0 else { throw .argument("\(name) is NULL, and its length is \(count)") }
    return UnsafeBufferPointer(start: pointer, count: count)
}

private let mostElements = 1 << 30

@_cdecl("rocket_serving_open")
public func openModel(
    _ folder: UnsafePointer<CChar>?, _ requestColumns: UnsafePointer<UnsafePointer<CChar>?>?, _ count: Int,
    _ flags: UInt32, _ number: UnsafeMutablePointer<UInt64>?
) -> Int32 {
    number?.pointee = 0
    return status { () throws(CallError) in
        guard let number else { throw .argument("model is NULL") }
        let folder = try text(folder, "folder")
        var columns: Set<String> = []
        for column in try array(requestColumns, count, "request_columns") {
            columns.insert(try text(column, "a name of request_columns"))
        }
        let known = UInt32(ROCKET_SERVING_ALLOW_UNKNOWN | ROCKET_SERVING_BF16)
        guard flags & ~known == 0 else { throw .argument("flags is \(flags), expected bits of \(known) only") }
        let model: OpenModel
        do {
            model = try OpenModel(
                folder: folder, requestColumns: columns,
                precision: flags & UInt32(ROCKET_SERVING_BF16) != 0 ? .bf16 : .f32,
                unknownColumns: flags & UInt32(ROCKET_SERVING_ALLOW_UNKNOWN) != 0 ? .ignored : .refused)
        } catch {
            throw .model("\(error)")
        }
        number.pointee = openModels.withLock { open in
            open.newest += 1
            open.byNumber[open.newest] = model
            return open.newest
        }
    }
}

@_cdecl("rocket_serving_close")
public func closeModel(_ number: UInt64) -> Int32 {
    status { () throws(CallError) in
        guard openModels.withLock({ $0.byNumber.removeValue(forKey: number) }) != nil else {
            throw .argument("no open model has the number \(number)")
        }
    }
}

private func columns(_ number: UInt64, _ kind: Int32) throws(CallError) -> [CText] {
    let columns = try model(number).columns
    guard columns.indices.contains(Int(kind)) else {
        throw .argument("kind is \(kind), expected 0 for the request's columns or 1 for the candidates'")
    }
    return columns[Int(kind)]
}

@_cdecl("rocket_serving_column_count")
public func countColumns(_ number: UInt64, _ kind: Int32, _ count: UnsafeMutablePointer<Int>?) -> Int32 {
    status { () throws(CallError) in
        guard let count else { throw .argument("count is NULL") }
        count.pointee = try columns(number, kind).count
    }
}

@_cdecl("rocket_serving_column")
public func nameOfColumn(_ number: UInt64, _ kind: Int32, _ index: Int) -> UnsafePointer<CChar>? {
    var name: UnsafePointer<CChar>?
    _ = status { () throws(CallError) in
        let columns = try columns(number, kind)
        guard columns.indices.contains(index) else {
            throw .argument("index is \(UInt(bitPattern: index)), and there are \(columns.count) columns of this kind")
        }
        name = columns[index].pointer
    }
    return name
}

@_cdecl("rocket_serving_about")
public func aboutModel(_ number: UInt64) -> UnsafePointer<CChar>? {
    var about: UnsafePointer<CChar>?
    _ = status { () throws(CallError) in about = try model(number).about.pointer }
    return about
}

@_cdecl("rocket_serving_score_json")
public func scoreJSON(
    _ number: UInt64, _ json: UnsafePointer<CChar>?, _ bytes: Int, _ probabilities: UnsafeMutablePointer<Float>?,
    _ room: Int, _ count: UnsafeMutablePointer<Int>?
) -> Int32 {
    count?.pointee = 0
    return score { () throws(CallError) in
        let model = try model(number)
        let json = UnsafeRawBufferPointer(try array(json, bytes, "json"))
        guard room >= 0 else { throw .argument("room is \(UInt(bitPattern: room)), expected at most \(Int.max)") }
        guard probabilities != nil || room == 0 else { throw .argument("probabilities is NULL, and room is \(room)") }
        do throws(CallError) {
            let outcomes = try model.scoring { scorer throws(CallError) in
                try scorer.outcomes(json: json, room: room)
            }
            count?.pointee = outcomes.count
            return (outcomes, probabilities)
        } catch {
            if case .room(_, let expected) = error { count?.pointee = expected }
            throw error
        }
    }
}

@_cdecl("rocket_serving_score_texts")
public func scoreTexts(
    _ number: UInt64, _ request: UnsafePointer<UnsafePointer<CChar>?>?, _ requestCount: Int,
    _ candidates: UnsafePointer<UnsafePointer<CChar>?>?, _ textCount: Int,
    _ probabilities: UnsafeMutablePointer<Float>?, _ count: Int
) -> Int32 {
    score { () throws(CallError) in
        let model = try model(number)
        let request = try array(request, requestCount, "request")
        let candidates = try array(candidates, textCount, "candidates")
        guard (0...Ranker.mostCandidates).contains(count) else {
            throw .argument("candidate_count is \(UInt(bitPattern: count)), expected at most \(Ranker.mostCandidates)")
        }
        guard probabilities != nil || count == 0 else { throw .argument("probabilities is NULL") }
        return (
            try model.scoring { scorer throws(CallError) in
                try scorer.outcomes(request: request, candidates: candidates, count: count)
            }, probabilities
        )
    }
}

/// Writes the probabilities of a call's outcomes.
private func score(
    _ body: () throws(CallError) -> ([Result<Float, ServingError>], UnsafeMutablePointer<Float>?)
) -> rocket_serving_status {
    var problems = 0
    var first: ServingError?
    let status = status { () throws(CallError) in
        let (outcomes, probabilities) = try body()
        for (row, outcome) in outcomes.enumerated() {
            switch outcome {
            case .success(let probability): probabilities?[row] = probability
            case .failure(let problem):
                probabilities?[row] = .nan
                problems += 1
                first = first ?? problem
            }
        }
    }
    guard status == rocket_serving_status(ROCKET_SERVING_OK), let first else { return status }
    rocket_thread_error_set("\(first)" + (problems > 1 ? " (and \(problems - 1) more rows with problems)" : ""))
    return rocket_serving_status(ROCKET_SERVING_CANDIDATES)
}

import Arrays
import CRocketServing
import Foundation
import RocketServing
import Synchronization

/// A model that a caller of the C interface has opened.
final class OpenModel: Sendable {
    private let model: ServingModel
    private let requestColumns: Set<String>
    private let precision: ServingPrecision
    private let unknownColumns: UnknownColumns
    /// Scorers that no call uses now, one per core at most: what a burst of calls needed beyond that is given back.
    private let idle: Mutex<[Scorer]>
    static let mostIdle = max(1, ProcessInfo.processInfo.activeProcessorCount)
    /// By kind, and what the model is; they live as long as the model.
    let columns: [[CText]]
    let about: CText

    /// - Throws: `ServingError`, `SafetensorsError`.
    init(
        folder: String, requestColumns: Set<String>, precision: ServingPrecision, unknownColumns: UnknownColumns
    ) throws {
        model = try ServingModel(folder: folder)
        (self.requestColumns, self.precision, self.unknownColumns) = (requestColumns, precision, unknownColumns)
        let scorer = try Self.scorer(model, requestColumns, precision, unknownColumns)
        columns = [scorer.ranker.encoder.requestColumns, scorer.ranker.encoder.candidateColumns].map {
            $0.map { CText($0) }
        }
        about = CText(model.about)
        idle = Mutex([scorer])
    }

    /// Calls the body with a scorer that no other thread uses meanwhile.
    func scoring<Result>(_ body: (Scorer) throws(CallError) -> Result) throws(CallError) -> Result {
        let scorer: Scorer
        if let found = idle.withLock({ $0.popLast() }) {
            scorer = found
        } else {
            do throws(ServingError) {
                scorer = try Self.scorer(model, requestColumns, precision, unknownColumns)
            } catch {
                throw .model("\(error)")
            }
        }
        defer { idle.withLock { if $0.count < Self.mostIdle { $0.append(scorer) } } }
        return try Parallel.restoringThreads { () throws(CallError) in try body(scorer) }
    }

    private static func scorer(
        _ model: ServingModel, _ requestColumns: Set<String>, _ precision: ServingPrecision, _ unknown: UnknownColumns
    ) throws(ServingError) -> Scorer {
        try Parallel.restoringThreads { () throws(ServingError) in
            Scorer(
                try Ranker(model, requestColumns: requestColumns, precision: precision, unknownColumns: unknown),
                lists: model.listColumns)
        }
    }

    /// The number of scorers that no call uses now.
    var idleCount: Int { idle.withLock { $0.count } }
}

/// A ranker with its rows. One call at a time uses it: whoever takes it out of `OpenModel.idle`.
final class Scorer: @unchecked Sendable {
    let ranker: Ranker
    /// Whether a column's values are lists, in the columns' order.
    private let requestLists, candidateLists: [Bool]
    private var rows: RawRows
    private var row: [RawValue]

    init(_ ranker: Ranker, lists: Set<String>) {
        self.ranker = ranker
        requestLists = ranker.encoder.requestColumns.map { lists.contains($0) }
        candidateLists = ranker.encoder.candidateColumns.map { lists.contains($0) }
        rows = ranker.emptyRows()
        row = [RawValue](repeating: .missing, count: candidateLists.count)
    }

    /// - Parameter room: For how many candidates the caller has some.
    func outcomes(json: UnsafeRawBufferPointer, room: Int) throws(CallError) -> [Result<Float, ServingError>] {
        do throws(ServingError) {
            return try ranker.outcomes(json: Array(json)[...], most: room)
        } catch {
            if case .room(_, let expected) = error { throw .room(found: room, expected: expected) }
            throw .request("\(error)")
        }
    }

    /// - Parameters:
    ///   - request: A text per column.
    ///   - candidates: Column by column, `count` texts each.
    func outcomes(
        request: UnsafeBufferPointer<UnsafePointer<CChar>?>, candidates: UnsafeBufferPointer<UnsafePointer<CChar>?>,
        count: Int
    ) throws(CallError) -> [Result<Float, ServingError>] {
        guard request.count == requestLists.count else {
            throw .argument(
                "there are \(request.count) texts for the request, expected \(requestLists.count): "
                    + ranker.encoder.requestColumns.joined(separator: ", "))
        }
        guard candidates.count == candidateLists.count * count else {
            throw .argument(
                "there are \(candidates.count) texts for \(count) candidates, expected \(candidateLists.count) each: "
                    + ranker.encoder.candidateColumns.joined(separator: ", "))
        }
        var values: [RawValue] = []
        for (column, text) in request.enumerated() {
            values.append(
                try Self.value(text, isList: requestLists[column]) { "row 0, \(ranker.encoder.requestColumns[column])" }
            )
        }
        // Nothing of a request stays here once it is scored.
        defer { rows.removeAll() }
        do {
            for candidate in 0..<count {
                for column in row.indices {
                    row[column] = try Self.value(
                        candidates[column * count + candidate], isList: candidateLists[column]
                    ) { "row \(candidate), column \(ranker.encoder.candidateColumns[column])" }
                }
                try rows.append(row)
            }
            return try ranker.outcomes(request: values, candidates: rows)
        } catch let error as CallError {
            throw error
        } catch {
            throw .request("\(error)")
        }
    }

    private static func value(
        _ text: UnsafePointer<CChar>?, isList: Bool, _ place: () -> String
    ) throws(CallError) -> RawValue {
        guard let text else { return .missing }
        guard let text = String(validatingCString: text) else { throw .argument("\(place()): the text is not UTF-8") }
        guard isList else { return .text(text) }
        do throws(ServingError) {
            return try RawValue(json: text)
        } catch {
            throw .argument("\(place()): ‘\(text.beginning)’ is no JSON array of values: \(error)")
        }
    }
}

/// A text for callers, which lives as long as this object.
final class CText: Sendable {
    nonisolated(unsafe) let pointer: UnsafePointer<CChar>?

    init(_ text: String) { pointer = strdup(text).map { UnsafePointer($0) } }

    deinit { free(UnsafeMutablePointer(mutating: pointer)) }
}

/// The reason why a call fails.
enum CallError: Error {
    case argument(String)
    case model(String)
    case request(String)
    case room(found: Int, expected: Int)

    var status: rocket_serving_status {
        let status =
            switch self {
            case .argument: ROCKET_SERVING_ARGUMENT
            case .model: ROCKET_SERVING_MODEL
            case .request: ROCKET_SERVING_REQUEST
            case .room: ROCKET_SERVING_ROOM
            }
        return rocket_serving_status(status)
    }

    var text: String {
        switch self {
        case .argument(let text), .model(let text), .request(let text): text
        case .room(let found, let expected):
            "there is room for \(found) probabilities, expected room for all \(expected) candidates"
        }
    }
}

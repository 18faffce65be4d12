import AdLogs
import CXXHash
import FeatureCache
import Features
import KeyCounts
import Postgres

/// A decoder from rows of a shard's COPY to columns of feature ids and numbers. No value is copied into a String and no
/// row into an array.
final class RowDecoder {
    /// Features by the way they are read; crosses come last, after the features they cross.
    private let texts: [FeatureReaders.Text]
    /// Hours and weekdays.
    private let times: [FeatureReaders.Reader]
    private let numerics: [FeatureReaders.Numeric]
    private let others: [FeatureReaders.Reader]
    private let names: [String]
    private let forms: [WireForm]
    private let group: Int?
    private let truth: Int?
    private let offsets: ZoneOffsets
    // Plain memory: every row uses it, and a class's arrays would be checked on each access.
    private let slices: UnsafeMutableBufferPointer<BinaryRow.Slice>
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
    /// The current row's value per feature: its hash if it is hashed, 0 for missing.
    private let hashes: UnsafeMutableBufferPointer<UInt64>
    /// Ids of the single-valued fields, numbers of the numeric features.
    private let ids: UnsafeMutableBufferPointer<UInt32>
    private let numbers: UnsafeMutableBufferPointer<Float>
    private var multiIDs: [[UInt32]]
    private let history: HistoryReader
    /// The row's hash for each key of a history.
    private let rowKeys: UnsafeMutableBufferPointer<UInt64>

    /// The reason why a row is rejected.
    struct Rejection: Error {
        var feature: String
        var kind: RejectedRows.Reason
        var reason: String
    }

    /// - Parameters:
    ///   - columns: The selected columns, to which those that the features read are added.
    ///   - keys: The keys by which rows are counted.
    ///   - history: What is known of the keys; nil if the rows are only counted.
    init(
        _ specification: ExtractionSpecification, columns: inout SelectedColumns, offsets: ZoneOffsets,
        keys: [HistoryKey] = [], history: DayHistory? = nil
    ) throws {
        let features = specification.features.features
        let readers = try FeatureReaders(features, columns: &columns)
        texts = readers.texts
        times = readers.times
        numerics = readers.numerics
        others = readers.others
        self.history = HistoryReader(keys, features, history, targets: readers.targets)
        names = features.map(\.name)
        group = try specification.group.map { try columns.text($0) }
        truth = try specification.trueProbability.map { try columns.number($0) }
        forms = columns.forms
        self.offsets = offsets
        slices = .allocate(capacity: forms.count)
        slices.initialize(repeating: BinaryRow.Slice())
        hashes = .allocate(capacity: features.count)
        hashes.initialize(repeating: 0)
        ids = .allocate(capacity: readers.singles)
        ids.initialize(repeating: 0)
        numbers = .allocate(capacity: readers.numbers)
        numbers.initialize(repeating: 0)
        multiIDs = [[UInt32]](repeating: [], count: readers.multis)
        rowKeys = .allocate(capacity: keys.count)
        rowKeys.initialize(repeating: 0)
    }

    deinit {
        slices.deallocate()
        scratch.deallocate()
        hashes.deallocate()
        ids.deallocate()
        numbers.deallocate()
        rowKeys.deallocate()
    }

    /// Decodes one row and appends it.
    ///
    /// - Parameters:
    ///   - clicks: The table from which the impression takes its clicks.
    ///   - counter: Counts every impression with an id by the keys, also one that is left out; nil if there are none.
    ///   - rejected: Called with the id (nil if the row has none) and the reason, if the row is left out.
    @inline(__always)
    func decode(
        _ row: BinaryRow, into columns: inout RowColumns, clicks: inout ClickTable,
        counter: RowCounter?, rejected: (String?, Rejection) -> Void
    ) throws {
        let bytes = try row.locate(slices)
        guard let time = slices[0].bytes(in: bytes)?.bigEndianInteger else {
            throw PostgresError.malformedCopy("an impression without time")
        }
        let instant = Instant(postgresMicroseconds: time)
        guard let raw = slices[1].bytes(in: bytes), let id = forms[1].text(of: raw, scratch: scratch), !id.isEmpty
        else {
            rejected(nil, Rejection(feature: "id", kind: .noID, reason: "the impression's id is NULL or empty"))
            return
        }
        let hash = ClickTable.hash(id)
        let isClicked = clicks.takeClicks(of: id, hash: hash, at: instant)
        columns.begin(id, hash: hash, at: instant, clicked: isClicked)
        readTexts(bytes, instant)
        if let counter {
            history.readKeys(hashes, into: rowKeys)
            try counter.add(hash, at: instant.microseconds, clicked: isClicked, rowKeys)
            history.read(rowKeys, ids: ids, numbers: numbers)
        }
        do throws(Rejection) {
            try read(bytes)
            if let truth { columns.truth = Float(try number(truth, nil, bytes) ?? .nan) }
        } catch {
            rejected(String(decoding: columns.id, as: UTF8.self), error)
            return
        }
        if let group {
            columns.group =
                slices[group].bytes(in: bytes).flatMap { forms[group].text(of: $0, scratch: scratch) }
                .map { GroupHash.of($0) } ?? 0
        }
        columns.append(ids, numbers, multiIDs)
    }

    /// Reads what no value can spoil.
    @inline(__always)
    private func readTexts(_ bytes: UnsafeRawBufferPointer, _ instant: Instant) {
        for reader in texts {
            guard let raw = slices[reader.position].bytes(in: bytes),
                let text = reader.form.text(of: raw, scratch: scratch)
            else {
                hashes[reader.feature] = 0
                ids[reader.target] = FeatureHasher.missing
                continue
            }
            let hash = reader.hasher.hash(text)
            hashes[reader.feature] = max(1, hash)
            ids[reader.target] = reader.hasher.id(ofHash: hash)
        }
        for reader in times {
            let local = offsets.local(instant)
            if case .hour = reader.source {
                set(reader, UInt32(1 + local.hour), isMissing: false)
            } else {
                set(reader, UInt32(local.weekday), isMissing: false)
            }
        }
    }

    @inline(__always)
    private func read(_ bytes: UnsafeRawBufferPointer) throws(Rejection) {
        for reader in numerics {
            guard let number = try number(reader.position, reader.feature, bytes) else {
                numbers[reader.target] = .nan
                continue
            }
            let result = reader.transform.apply(number)
            if result.isNaN, !number.isNaN {
                throw Rejection(
                    feature: names[reader.feature], kind: .tooLarge,
                    reason: "\(number) does not fit a 32-bit floating-point number")
            }
            numbers[reader.target] = result
        }
        for reader in others { try read(reader, bytes) }
    }

    private func read(
        _ reader: FeatureReaders.Reader, _ bytes: UnsafeRawBufferPointer
    ) throws(Rejection) {
        switch reader.source {
        case .array(let position, let form):
            try readArray(reader, slices[position].bytes(in: bytes), form)
        case .bucketed(let position, let buckets):
            let id = buckets.id(try number(position, reader.feature, bytes) ?? .nan)
            set(reader, id, isMissing: id == FeatureHasher.missing)
        // Read with the texts.
        case .hour, .weekday: break
        case .cross(let crossed):
            ids[reader.target] =
                crossed.contains { hashes[$0] == 0 }
                ? FeatureHasher.missing
                : reader.hasher.id(ofHash: reader.hasher.hash(crossing: crossed.count) { hashes[crossed[$0]] })
        }
    }

    /// Sets an id that is no hash; it is crossed by the hash of its decimal text.
    private func set(_ reader: FeatureReaders.Reader, _ id: UInt32, isMissing: Bool) {
        ids[reader.target] = id
        hashes[reader.feature] = isMissing ? 0 : max(1, reader.hasher.hash(String(id)))
    }

    private func readArray(
        _ reader: FeatureReaders.Reader, _ value: UnsafeRawBufferPointer?, _ form: WireForm
    ) throws(Rejection) {
        let target = reader.target
        multiIDs[target].removeAll(keepingCapacity: true)
        guard let value else { return multiIDs[target].append(FeatureHasher.missing) }
        do throws(WireArray.Problem) {
            try WireArray.forEach(value) { element in
                if let element, let text = form.text(of: element, scratch: scratch) {
                    multiIDs[target].append(reader.hasher.id(text))
                }
            }
        } catch {
            switch error {
            case .dimensions(let count):
                throw Rejection(
                    feature: names[reader.feature], kind: .list,
                    reason: "an array of \(count) dimensions; only one is supported")
            case .malformed:
                throw Rejection(feature: names[reader.feature], kind: .list, reason: "a malformed array")
            }
        }
        guard multiIDs[target].count <= Self.mostValues else {
            throw Rejection(
                feature: names[reader.feature], kind: .list,
                reason: "\(multiIDs[target].count) values in a list; at most \(Self.mostValues) are supported")
        }
        if multiIDs[target].isEmpty { multiIDs[target].append(FeatureHasher.missing) }
    }

    private func number(
        _ position: Int, _ feature: Int?, _ bytes: UnsafeRawBufferPointer
    ) throws(Rejection) -> Double? {
        guard let raw = slices[position].bytes(in: bytes) else { return nil }
        if let number = forms[position].number(of: raw), !number.isInfinite { return number }
        let text = forms[position].text(of: raw, scratch: scratch).map {
            String(decoding: $0.prefix(200), as: UTF8.self)
        }
        let found = text ?? forms[position].number(of: raw).map { "\($0)" } ?? ""
        throw Rejection(
            feature: feature.map { names[$0] } ?? "true_probability", kind: .notFinite,
            reason: "‘\(found)’ is not a finite number")
    }

    /// The most values in one row of one multi-valued feature.
    private static let mostValues = 65_535
}

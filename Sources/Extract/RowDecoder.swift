import AdLogs
import CXXHash
import FeatureCache
import Features
import Postgres

/// Turns rows of a shard's COPY into columns of feature ids and numbers. No value is copied into a String and no row into
/// an array.
final class RowDecoder {
    private let features: [Reader]
    /// Features in the order in which they can be computed: crosses after what they cross.
    private let order: [Int]
    private let forms: [WireForm]
    private let group: Int?
    private let truth: Int?
    private let offsets: ZoneOffsets
    private var slices: [BinaryRow.Slice]
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: WireForm.scratchBytes, alignment: 8)
    /// What each feature came to in the row at hand: its hash where it is hashed (0 for missing), and its id.
    private var hashes: [UInt64]
    private var ids: [UInt32]
    private var numbers: [Float]
    private var multiIDs: [[UInt32]]

    /// How a feature's value is found and where it goes.
    private struct Reader {
        var name: String
        var source: Source
        /// Position among the single-valued, the multi-valued or the numeric columns of `RowColumns`.
        var target: Int
        var hasher: FeatureHasher
    }

    private enum Source {
        case text(Int)
        case array(Int, WireForm)
        case numeric(Int, Feature.Transform)
        case bucketed(Int, QuantileBuckets)
        case cross([Int])
        case hour
        case weekday
    }

    /// What is wrong with a row.
    struct Rejection: Error {
        var feature: String
        var reason: String
    }

    /// - Parameter columns: is asked for the columns that the features read.
    init(
        _ specification: ExtractionSpecification, columns: inout SelectedColumns, offsets: ZoneOffsets
    ) throws {
        var features: [Reader] = []
        var positions: [String: Int] = [:]
        var singles = 0
        var multis = 0
        var numerics = 0
        for (index, feature) in specification.features.features.enumerated() {
            positions[feature.name] = index
            var reader = Reader(
                name: feature.name, source: .hour, target: singles, hasher: FeatureHasher(feature))
            switch feature.kind {
            case .categorical: reader.source = .text(try columns.text(feature.column))
            case .multiValued:
                let (position, form) = try columns.array(feature.column)
                reader.source = .array(position, form)
                reader.target = multis
                multis += 1
            case .numeric:
                reader.source = .numeric(try columns.number(feature.column), feature.transform)
                reader.target = numerics
                numerics += 1
            case .bucketed:
                reader.source = .bucketed(
                    try columns.number(feature.column), QuantileBuckets(boundaries: feature.boundaries ?? []))
            case .cross: reader.source = .cross([])
            case .hourOfDay: reader.source = .hour
            case .dayOfWeek: reader.source = .weekday
            }
            if feature.kind != .multiValued, feature.kind != .numeric { singles += 1 }
            features.append(reader)
        }
        for (index, feature) in specification.features.features.enumerated() where feature.kind == .cross {
            features[index].source = .cross((feature.crossed ?? []).compactMap { positions[$0] })
        }
        self.features = features
        let crosses = features.indices.filter { specification.features.features[$0].kind == .cross }
        order = features.indices.filter { !crosses.contains($0) } + crosses
        group = try specification.group.map { try columns.text($0) }
        truth = try specification.trueProbability.map { try columns.number($0) }
        forms = columns.forms
        self.offsets = offsets
        slices = [BinaryRow.Slice](repeating: BinaryRow.Slice(), count: forms.count)
        hashes = [UInt64](repeating: 0, count: features.count)
        ids = [UInt32](repeating: 0, count: singles)
        numbers = [Float](repeating: 0, count: numerics)
        multiIDs = [[UInt32]](repeating: [], count: multis)
    }

    deinit { scratch.deallocate() }

    /// Decodes one row and appends it.
    ///
    /// - Parameters:
    ///   - click: asked whether the impression of an id (text form) and a time is clicked.
    ///   - rejected: told the id (nil: the row has none) and what is wrong with the row, which is then left out.
    @inline(__always)
    func decode(
        _ row: BinaryRow, into columns: RowColumns, clicked: (UnsafeRawBufferPointer, Instant) -> Bool,
        rejected: (String?, Rejection) -> Void
    ) throws {
        try row.locate(&slices) { bytes, slices in
            guard let time = value(0, bytes, slices)?.bigEndianInteger else {
                throw PostgresError.malformedCopy("an impression without time")
            }
            let instant = Instant(postgresMicroseconds: time)
            guard let raw = value(1, bytes, slices), let id = forms[1].text(of: raw, scratch: scratch) else {
                rejected(nil, Rejection(feature: "id", reason: "the impression's id is NULL"))
                return
            }
            let isClicked = clicked(id, instant)
            columns.begin(id, at: instant, clicked: isClicked)
            do throws(Rejection) {
                for index in order { try read(index, bytes, slices, instant) }
                if let truth { columns.truth = Float(try number(truth, "true_probability", bytes, slices) ?? .nan) }
            } catch {
                columns.abandonRow()
                rejected(String(decoding: columns.id, as: UTF8.self), error)
                return
            }
            if let group {
                columns.group =
                    value(group, bytes, slices).flatMap { forms[group].text(of: $0, scratch: scratch) }
                    .map { GroupHash.of($0) } ?? 0
            }
            columns.append(ids, multiIDs, numbers)
        }
    }

    @inline(__always)
    private func value(
        _ position: Int, _ bytes: UnsafeRawBufferPointer, _ slices: [BinaryRow.Slice]
    ) -> UnsafeRawBufferPointer? {
        let slice = slices[position]
        guard slice.length >= 0 else { return nil }
        return UnsafeRawBufferPointer(
            start: bytes.baseAddress.map { $0 + slice.offset }, count: slice.length)
    }

    @inline(__always)
    private func read(
        _ index: Int, _ bytes: UnsafeRawBufferPointer, _ slices: [BinaryRow.Slice], _ instant: Instant
    ) throws(Rejection) {
        let target = features[index].target
        switch features[index].source {
        case .text(let position):
            guard let raw = value(position, bytes, slices),
                let text = forms[position].text(of: raw, scratch: scratch)
            else {
                hashes[index] = 0
                ids[target] = FeatureHasher.missing
                return
            }
            let hash = features[index].hasher.hash(text)
            hashes[index] = max(1, hash)
            ids[target] = features[index].hasher.id(ofHash: hash)
        case .array(let position, let form):
            try readArray(index, value(position, bytes, slices), form)
        case .numeric(let position, let transform):
            guard let number = try number(position, features[index].name, bytes, slices) else {
                numbers[target] = .nan
                return
            }
            let result = transform.apply(number)
            if result.isNaN, !number.isNaN {
                throw Rejection(
                    feature: features[index].name, reason: "\(number) does not fit a 32-bit floating-point number")
            }
            numbers[target] = result
        case .bucketed(let position, let buckets):
            let id = buckets.id(try number(position, features[index].name, bytes, slices) ?? .nan)
            set(index, id, isMissing: id == FeatureHasher.missing)
        case .cross(let crossed):
            let parts = crossed.map { hashes[$0] }
            guard !parts.contains(0) else {
                ids[target] = FeatureHasher.missing
                return
            }
            ids[target] = features[index].hasher.id(ofHash: features[index].hasher.hash(crossing: parts))
        case .hour: set(index, UInt32(1 + offsets.local(instant).hour), isMissing: false)
        case .weekday: set(index, UInt32(offsets.local(instant).weekday), isMissing: false)
        }
    }

    /// Ids that are no hashes are crossed by the hash of their decimal text.
    private func set(_ index: Int, _ id: UInt32, isMissing: Bool) {
        ids[features[index].target] = id
        hashes[index] = isMissing ? 0 : max(1, features[index].hasher.hash(String(id)))
    }

    private func readArray(
        _ index: Int, _ value: UnsafeRawBufferPointer?, _ form: WireForm
    ) throws(Rejection) {
        let target = features[index].target
        let hasher = features[index].hasher
        multiIDs[target].removeAll(keepingCapacity: true)
        guard let value else { return multiIDs[target].append(FeatureHasher.missing) }
        do throws(WireArray.Problem) {
            try WireArray.forEach(value) { element in
                if let element, let text = form.text(of: element, scratch: scratch) {
                    multiIDs[target].append(hasher.id(text))
                }
            }
        } catch {
            throw switch error {
            case .dimensions(let count):
                Rejection(feature: features[index].name, reason: "an array of \(count) dimensions; only one is supported")
            case .malformed: Rejection(feature: features[index].name, reason: "a malformed array")
            }
        }
        guard multiIDs[target].count <= Self.mostValues else {
            throw Rejection(
                feature: features[index].name,
                reason: "\(multiIDs[target].count) values in a list; at most \(Self.mostValues) are supported")
        }
        if multiIDs[target].isEmpty { multiIDs[target].append(FeatureHasher.missing) }
    }

    private func number(
        _ position: Int, _ feature: String, _ bytes: UnsafeRawBufferPointer, _ slices: [BinaryRow.Slice]
    ) throws(Rejection) -> Double? {
        guard let raw = value(position, bytes, slices) else { return nil }
        guard let number = forms[position].number(of: raw) else {
            let text = forms[position].text(of: raw, scratch: scratch).map { String(decoding: $0.prefix(200), as: UTF8.self) }
            throw Rejection(feature: feature, reason: "‘\(text ?? "")’ is not a number")
        }
        guard !number.isInfinite else { throw Rejection(feature: feature, reason: "\(number) is not a finite number") }
        return number
    }

    /// Values in one row of one multi-valued feature.
    private static let mostValues = 65_535
}

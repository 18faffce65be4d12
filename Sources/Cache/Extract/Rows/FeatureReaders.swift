import Features
import Postgres

/// The way from a row's columns to each feature: which column is read, in which form, and where the value goes.
struct FeatureReaders {
    private(set) var texts: [Text] = []
    private(set) var numerics: [Numeric] = []
    /// Hours and weekdays.
    private(set) var times: [Reader] = []
    /// The rest; crosses come last, after the features they cross.
    private(set) var others: [Reader] = []
    /// Where each feature's value goes: the single-valued field or the number.
    private(set) var targets: [Int] = []
    /// How many single-valued fields, multi-valued fields and numbers there are.
    private(set) var singles = 0, multis = 0, numbers = 0

    /// A categorical feature: from the column at `position` to the single-valued field at `target`.
    struct Text {
        var feature: Int
        var position: Int
        var form: WireForm
        var target: Int
        var hasher: FeatureHasher
    }

    struct Numeric {
        var feature: Int
        var position: Int
        var form: WireForm
        var target: Int
        var transform: Feature.Transform
    }

    struct Reader {
        var feature: Int
        var source: Source
        var target: Int
        var hasher: FeatureHasher
    }

    enum Source {
        case array(Int, WireForm)
        case bucketed(Int, QuantileBuckets)
        case hour
        case weekday
        case cross([Int])
    }

    /// - Parameter columns: The selected columns, to which those that the features read are added.
    init(_ features: [Feature], columns: inout SelectedColumns) throws {
        var crosses: [Reader] = []
        for (index, feature) in features.enumerated() {
            let (single, hasher) = (singles, FeatureHasher(feature))
            func reader(_ source: Source) -> Reader {
                Reader(feature: index, source: source, target: single, hasher: hasher)
            }
            switch feature.kind {
            case .categorical:
                let position = try columns.text(feature.column)
                texts.append(
                    Text(
                        feature: index, position: position, form: columns.forms[position], target: single,
                        hasher: hasher))
            case .multiValued:
                let (position, form) = try columns.array(feature.column)
                others.append(Reader(feature: index, source: .array(position, form), target: multis, hasher: hasher))
                multis += 1
            case .numeric:
                let position = try columns.number(feature.column)
                numerics.append(
                    Numeric(
                        feature: index, position: position, form: columns.forms[position], target: numbers,
                        transform: feature.transform))
            case .bucketed:
                let buckets = QuantileBuckets(boundaries: feature.boundaries ?? [])
                others.append(reader(.bucketed(try columns.number(feature.column), buckets)))
            case .hourOfDay: times.append(reader(.hour))
            case .dayOfWeek: times.append(reader(.weekday))
            case .history: break
            case .cross:
                let crossed = (feature.crossed ?? []).compactMap { name in features.firstIndex { $0.name == name } }
                crosses.append(reader(.cross(crossed)))
            }
            targets.append(feature.isNumber ? numbers : singles)
            if feature.isNumber { numbers += 1 } else if feature.kind != .multiValued { singles += 1 }
        }
        others += crosses
    }
}

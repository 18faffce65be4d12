import CounterRandom
import Features
import Nets
import ONNXExport
import RocketLaunching
import RocketServing
import Runs
import SampleLogs

/// The paper's industrial nets on 39 fields × 16 numbers, a million rows of embeddings; half of the fields belong to
/// the request.
struct ServingBenchNets {
    /// So many that their embeddings do not all stay in the nearest cache.
    static let requests = 24
    private static let fields = 39
    private static let requestFields = 19
    private static let dim = 16

    private let features: ServedFeatures
    private let light, booster: Branch

    init() {
        let list = (0..<Self.fields).map { field in
            Feature(name: "f\(field)", column: "f\(field)", kind: .categorical, hashBits: field % 16 < 9 ? 15 : 14)
        }
        features = ServedFeatures(FeatureSpecification(features: list), timeColumn: "shown_at", timeZone: "UTC")
        let layout = InputLayout(
            fields: list.map { FieldShape(name: $0.name, rows: 1 << $0.hashBits, multiValued: false) }, numerics: [])
        let embeddings = EmbeddingTables(layout: layout, dim: Self.dim)
        // As large as trained ones, so that the probabilities are not all the same.
        embeddings.initialise(seed: 1, stream: 1, deviation: 0.5)
        func branch(_ hidden: [Int], stream: UInt64) -> Branch {
            let net = DenseNet(input: Self.fields * Self.dim, DenseSpecification(hidden))
            net.initialise(seed: 1, stream: stream, logitBias: -2)
            return Branch(embeddings: embeddings, trunk: nil, dense: net, linear: nil)
        }
        light = branch([200, 80], stream: 1_000)
        booster = branch([720, 360, 240, 180, 90], stream: 2_000)
    }

    /// Rows of all tables together.
    var embeddingRows: Int { features.features.reduce(0) { $0 + 1 << $1.hashBits } }

    /// The light net's file, as a night exports it.
    func onnx() throws -> [UInt8] {
        try LightNetGraph.file(of: light, features: features, name: "bench", program: ProgramVersion.current)
    }

    func ranker(_ net: String, _ type: DenseType) throws -> Ranker {
        try Ranker(
            ServingModel(net == Net.servedLight.name ? light : booster, features: features),
            requestColumns: Set(features.features.prefix(Self.requestFields).map(\.column)), precision: type)
    }

    /// Values by Zipf's law; each number is another request.
    func request(_ number: Int, candidates: Int) -> ServingBenchRequest {
        var random = CounterRandom(seed: 2, stream: UInt64(number))
        let fields = features.features.enumerated().map { position, feature in
            (position, feature, ZipfDistribution(count: 1 << feature.hashBits, exponent: 1.05))
        }
        var (rows, texts): ([[RawValue]], [[String]]) = ([], [])
        let request = fields.prefix(Self.requestFields).map { Self.value($0, $2.draw(&random)) }
        for _ in 0..<candidates {
            let row = fields.dropFirst(Self.requestFields).map { Self.value($0, $2.draw(&random)) }
            rows.append(row)
            texts.append((request + row).map(Self.text))
        }
        let ids = fields.flatMap { position, feature, _ in
            let hasher = FeatureHasher(feature)
            return texts.map { Int64(hasher.id($0[position])) }
        }
        return ServingBenchRequest(values: request, candidates: rows, ids: ids)
    }

    /// Numbers, short texts and keys of 24 characters, as logs have them.
    private static func value(_ field: Int, _ rank: Int) -> RawValue {
        switch field % 3 {
        case 0: .integer(Int64(rank))
        case 1: .text("v\(rank)")
        default: .text("campaign-\(1_000_000_000 + rank)-de-x")
        }
    }

    private static func text(_ value: RawValue) -> String {
        switch value {
        case .text(let text): text
        case .integer(let number): "\(number)"
        default: ""
        }
    }
}

/// A request with its candidates.
struct ServingBenchRequest {
    let values: [RawValue]
    let candidates: [[RawValue]]
    /// What the exported file is given, made by the hash alone: `[fields, candidates]`.
    let ids: [Int64]

    func encoded(by encoder: FeatureEncoder) throws -> (request: EncodedRows, candidates: EncodedRows) {
        var raw = RawRows(columns: encoder.candidateColumns)
        for row in candidates { try raw.append(row) }
        var (request, rows) = (encoder.empty(), encoder.empty())
        try encoder.encode(request: values, into: &request)
        try encoder.encode(candidates: raw, of: request, into: &rows)
        return (request, rows)
    }
}

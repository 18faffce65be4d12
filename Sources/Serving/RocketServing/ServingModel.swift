import Features
import Foundation
import Nets

/// The light net of a model version and the rules for its ids: read once, then shared by all threads.
public struct ServingModel: Sendable {
    /// The raw values that the net reads, and the rules for their ids.
    public let features: ServedFeatures
    /// The counts of earlier days that the features' histories are read from; nil where there are none, or none were
    /// given: then histories are missing in every row.
    public private(set) var history: ServedHistory?
    let branch: Branch

    /// Reads a folder that `rocket models pull` wrote: `light.safetensors` or else `model.safetensors`, `features.json`
    /// and, of a model with histories, `history.safetensors`.
    ///
    /// - Throws: `ServingError`, also if a model with histories has no table of them; `SafetensorsError`.
    public init(folder: String) throws {
        // A link to the newest version may be moved while its files are read.
        let folder = URL(fileURLWithPath: folder).resolvingSymlinksInPath().path
        func read(_ name: String) throws -> [UInt8] {
            let path = "\(folder)/\(name)"
            do {
                return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            } catch {
                throw ServingError.unreadable(path: path, reason: "the file cannot be read")
            }
        }
        let names = ["light.safetensors", "model.safetensors"]
        let name = names.first { FileManager.default.fileExists(atPath: "\(folder)/\($0)") } ?? names[0]
        let (model, features) = (try read(name), try Self.features(read("features.json")))
        let path = "\(folder)/\(ServedHistory.fileName)"
        let hasTable = !features.histories.isEmpty && FileManager.default.fileExists(atPath: path)
        try self.init(
            model: model, features: features, history: hasTable ? read(ServedHistory.fileName) : nil, path: path)
    }

    /// Creates a model from the files' bytes: `light.safetensors` or `model.safetensors`, and `features.json`.
    ///
    /// - Parameters:
    ///   - history: The bytes of `history.safetensors`; nil for a model without histories.
    ///   - net: Which of several light nets; nil for the one that leads.
    public init(model: [UInt8], features: [UInt8], history: [UInt8]? = nil, net: String? = nil) throws {
        try self.init(
            model: model, features: Self.features(features), history: history, path: ServedHistory.fileName, net: net)
    }

    private init(
        model: [UInt8], features: ServedFeatures, history: [UInt8]?, path: String, net: String? = nil
    ) throws {
        if history == nil, !features.histories.isEmpty {
            throw ServingError.noHistory(features.histories, path: path)
        }
        let file = try Safetensors(model) { Branch.isOfLightNet(tensor: $0) }
        try self.init(Branch(lightNetOf: file, named: net), features: features)
        if let history, !features.histories.isEmpty { self = try with(ServedHistory(history)) }
    }

    /// Returns the bytes of `light.safetensors`: what `model.safetensors` has for serving.
    ///
    /// - Throws: `SafetensorsError`.
    package static func light(of model: [UInt8]) throws -> [UInt8] {
        try Safetensors(model) { Branch.isOfLightNet(tensor: $0) }.encoded()
    }

    private static func features(_ bytes: [UInt8]) throws(ServingError) -> ServedFeatures {
        guard let served = try? JSONDecoder().decode(ServedFeatures.self, from: Data(bytes)) else {
            throw ServingError.unreadable(
                path: "features.json", reason: "it is not the JSON that this program writes, or an older one's")
        }
        return served
    }

    /// Returns the model with a newer table of earlier days' counts; the weights are shared. Give it to new rankers.
    ///
    /// - Throws: `ServingError.history` if the table is not of this model's histories.
    public func with(_ history: ServedHistory) throws(ServingError) -> ServingModel {
        if let contradiction = history.contradiction(with: features) { throw .history(contradiction) }
        var model = self
        model.history = history
        return model
    }

    /// Creates a model from any net over the features.
    package init(_ branch: Branch, features: ServedFeatures) throws {
        if let contradiction = features.contradiction { throw ServingError.features(contradiction) }
        let (fields, layout) = (features.specification.fields, branch.embeddings.layout)
        let shapes = layout.fields.map { $0.hasIDTable == true ? $0.name : "\($0.name) of \($0.rows) ids" }
        let expected = fields.map { $0.hasIDTable ? $0.name : "\($0.name) of \($0.tableRows) ids" }
        guard shapes == expected, layout.fields.map(\.multiValued) == fields.map({ $0.kind == .multiValued }) else {
            throw ServingError.mismatch(
                "the weights are for \(shapes.joined(separator: ", ")), the features are "
                    + expected.joined(separator: ", "))
        }
        guard layout.fields.map(\.table) == fields.map(\.table) else {
            throw ServingError.mismatch(
                "the fields that share an embedding table are not the features that share a table")
        }
        guard layout.numerics.map(\.name) == features.specification.numerics.map(\.name) else {
            throw ServingError.mismatch(
                "the weights are for the numbers \(layout.numerics.map(\.name)), the features are "
                    + "\(features.specification.numerics.map(\.name))")
        }
        self.branch = branch
        self.features = features
    }

    /// Returns whether a standardised number is so large that a net's sums may overflow.
    func isFarFromTraining(_ number: Float, numeric: Int) -> Bool {
        let standardised = branch.embeddings.layout.numerics[numeric].input(number).standardised
        return !(standardised.magnitude < 1e18)
    }

    /// The columns whose values are lists.
    package var listColumns: Set<String> {
        Set(features.features.compactMap { $0.kind == .multiValued ? features.column(of: $0) : nil })
    }

    /// What the model is, as a JSON object; null where its folder does not say.
    package var about: String {
        let members = [
            ("model", features.model.map(JSONText.quoted)), ("version", features.version.map(String.init)),
            ("trained_from", features.trainedFrom.map(JSONText.quoted)),
            ("trained_to", features.trainedTo.map(JSONText.quoted)),
            ("history_as_of", history.map { JSONText.quoted($0.asOf.description) }),
        ]
        return "{\(members.map { "\"\($0)\": \($1 ?? "null")" }.joined(separator: ", "))}"
    }
}

import Features
import Foundation
import Nets

/// The light net of a model version and the rules for its ids: read once, then shared by all threads.
public struct ServingModel: Sendable {
    /// The raw values that the net reads, and the rules for their ids.
    public let features: ServedFeatures
    let branch: Branch

    /// Reads a folder that `rocket models pull` wrote: `model.safetensors` and `features.json`.
    ///
    /// - Throws: `ServingError`, `SafetensorsError`.
    public init(folder: String) throws {
        func read(_ name: String) throws -> [UInt8] {
            let path = "\(folder)/\(name)"
            do {
                return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
            } catch {
                throw ServingError.unreadable(path: path, reason: "the file cannot be read")
            }
        }
        try self.init(model: read("model.safetensors"), features: read("features.json"))
    }

    /// Creates a model from the files' bytes.
    public init(model: [UInt8], features: [UInt8]) throws {
        guard let served = try? JSONDecoder().decode(ServedFeatures.self, from: Data(features)) else {
            throw ServingError.unreadable(
                path: "features.json", reason: "it is not the JSON that this program writes, or an older one's")
        }
        let histories = Set(served.specification.histories.compactMap(\.history?.feature))
        guard histories.isEmpty else { throw ServingError.histories(histories.sorted()) }
        let file = try Safetensors(model) { Branch.isOfLightNet(tensor: $0) }
        try self.init(Branch(lightNetOf: file), features: served)
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
}

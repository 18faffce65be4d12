import Foundation

/// What a model's file says besides tensors: an entry of its metadata, as JSON.
package struct ModelDescription: Codable {
    package var layout: InputLayout
    package var nets: NetSpecification
    /// How it was trained.
    package var arm: String
    package var sharesEmbeddings: Bool
    package var sharedLayers: Int?
    /// The light nets have one table of embeddings; nil: they have not, or there is one light net.
    package var lightsShareEmbeddings: Bool?

    package static let key = "rocket"

    package init(layout: InputLayout, nets: NetSpecification, arm: String, sharesEmbeddings: Bool, sharedLayers: Int?) {
        self.layout = layout
        self.nets = nets
        self.arm = arm
        self.sharesEmbeddings = sharesEmbeddings
        self.sharedLayers = sharedLayers
    }

    /// The beginnings of tensors' names of a net's embeddings and of layers that it shares.
    ///
    /// - Parameter isFirst: whether the net is the first of the file's, light nets being first.
    package func prefixes(of net: String, isFirst: Bool) -> (embeddings: String, shared: String) {
        if sharesEmbeddings { return ("embedding", "shared") }
        if net == "booster" ? isFirst : nets.lights.count == 1 { return ("embedding", "shared") }
        let shares = net != "booster" && lightsShareEmbeddings == true
        return (shares ? "embedding" : "\(net)_embedding", "\(net)_shared")
    }

    /// - Throws: `SafetensorsError.metadata` where the file was written by another program, `.description` where it
    ///   contradicts itself.
    package init(_ file: Safetensors) throws {
        guard let text = file.metadata[Self.key],
            let description = try? JSONDecoder().decode(Self.self, from: Data(text.utf8))
        else { throw SafetensorsError.metadata(Self.key) }
        if let contradiction = description.contradiction { throw SafetensorsError.description(contradiction) }
        self = description
    }
}

import Foundation

/// What a model's file says besides tensors: an entry of its metadata, as JSON.
package struct ModelDescription: Codable {
    package var layout: InputLayout
    package var nets: NetSpecification
    /// How it was trained.
    package var arm: String
    package var sharesEmbeddings: Bool
    package var sharedLayers: Int?

    package static let key = "rocket"

    package init(layout: InputLayout, nets: NetSpecification, arm: String, sharesEmbeddings: Bool, sharedLayers: Int?) {
        self.layout = layout
        self.nets = nets
        self.arm = arm
        self.sharesEmbeddings = sharesEmbeddings
        self.sharedLayers = sharedLayers
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

/// When to speak of a feature whose values share ids, or embeddings.
package enum SharedIDs {
    /// The largest share of its values of which nothing is said.
    package static let most = 0.01

    /// `19.4 %`
    package static func percent(_ share: Double) -> String {
        "\((1_000 * share).rounded() / 10) %"
    }
}

import Features
import Testing

@Suite struct FeatureHasherTests {
    /// Made by reference.py with Python's xxhash.
    static let reference: [(field: String, bits: Int, value: String, id: UInt32)] = [
        ("user", 16, "u42", 48712),
        ("user", 16, "", 40667),
        ("ad", 16, "u42", 58759),
        ("city", 4, "Zürich", 8),
        (
            "item", 28,
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            101_217_253
        ),
        ("item", 1, "a", 1),
    ]

    @Test("Ids are those that Python's xxhash gives", arguments: reference)
    func ids(_ field: String, _ bits: Int, _ value: String, _ id: UInt32) {
        let hasher = FeatureHasher(name: field, hashBits: bits)
        #expect(hasher.id(value) == id)
        var text = value
        #expect(text.withUTF8 { hasher.id(UnsafeRawBufferPointer($0)) } == id)
    }

    @Test("An id is never that of a missing value, nor outside its table")
    func range() {
        for bits in 1...8 {
            let hasher = FeatureHasher(name: "f", hashBits: bits)
            #expect(hasher.tableRows == 1 << bits)
            #expect((0..<2_000).allSatisfy { (1..<hasher.tableRows).contains(Int(hasher.id("\($0)"))) })
        }
    }

    @Test("log1p keeps the sign, and what is no number is missing")
    func transforms() {
        #expect(Feature.Transform.log1p.apply(0) == 0)
        #expect(Feature.Transform.log1p.apply(-3) == -Feature.Transform.log1p.apply(3))
        #expect(Feature.Transform.identity.apply(2.5) == 2.5)
        for value in [Double.nan, .infinity, 1e300] { #expect(Feature.Transform.identity.apply(value).isNaN) }
    }
}

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

    @Test("A whole number hashes as its decimal text does", arguments: [0, 7, 10, -1, 4_711, .min, .max] as [Int64])
    func numbers(_ number: Int64) {
        let hasher = FeatureHasher(name: "user", hashBits: 16)
        #expect(hasher.hash(number) == hasher.hash("\(number)"))
    }

    @Test("A text hashes alike whether it is short, long, a part of another, or not yet UTF-8 inside")
    func strings() {
        let hasher = FeatureHasher(name: "user", hashBits: 16)
        let long = "campaign-1000000042-de-x"
        #expect(hasher.hash(String("<\(long)>".dropFirst().dropLast())) == hasher.hash(long))
        #expect(hasher.hash(String(decoding: Array("ü42".utf16), as: UTF16.self)) == hasher.hash("ü42"))
        #expect(hasher.hash(long) != hasher.hash(String(long.dropLast())))
    }

    /// Made by reference.py with Python's xxhash.
    static let crossed: [(hashes: [UInt64], bits: Int, id: UInt32)] = [
        ([0xb331_24a5_453d_0890, 0xcc68_10ef_eb79_4126], 16, 37179),
        ([0xcc68_10ef_eb79_4126, 0xb331_24a5_453d_0890], 16, 53927),
        ([0xb331_24a5_453d_0890, 0xcc68_10ef_eb79_4126, 1], 20, 229631),
    ]

    @Test("A cross hashes its features' hashes, as Python's xxhash gives them", arguments: crossed)
    func crosses(_ hashes: [UInt64], _ bits: Int, _ id: UInt32) {
        let hasher = FeatureHasher(name: "site_slot", hashBits: bits)
        #expect(hasher.id(ofHash: hasher.hash(crossing: hashes.count) { hashes[$0] }) == id)
    }

    @Test("The hash of a value is that of Python's xxhash")
    func hashes() {
        #expect(FeatureHasher(name: "site", hashBits: 16).hash("s1") == 0xb331_24a5_453d_0890)
        #expect(FeatureHasher(name: "slot", hashBits: 16).hash("7") == 0xcc68_10ef_eb79_4126)
    }

    @Test("A key's rate is the prior's without impressions, and goes where its clicks point as they become many")
    func smoothedRate() {
        let rate = SmoothedRate(prior: 0.25, strength: 8)
        #expect(rate.lift(impressions: 0, clicks: 0).magnitude < 1e-12)
        #expect(rate.lift(impressions: 10, clicks: 5) > 0 && rate.lift(impressions: 10, clicks: 0) < 0)
        #expect(rate.lift(impressions: 1_000, clicks: 500) > rate.lift(impressions: 10, clicks: 5))
        // Decayed counts may have a trifle more clicks than impressions.
        #expect(rate.lift(impressions: 5, clicks: 5.0001).isFinite)
    }

    @Test("A number falls into the bucket whose upper end it does not exceed; NaN is missing")
    func buckets() {
        let buckets = QuantileBuckets(boundaries: [-1, 0, 2.5])
        #expect([-5, -1, -0.5, 0, 1, 2.5, 3, .infinity].map { buckets.id($0) } == [1, 1, 2, 2, 3, 3, 4, 4])
        #expect(buckets.id(.nan) == FeatureHasher.missing)
        #expect(QuantileBuckets(boundaries: []).id(7) == 1)
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

import Digests
import Testing

@Suite struct SHA256DigestTests {
    @Test("The examples of FIPS 180-4 come out")
    func vectors() throws {
        #expect(try SHA256Digest.of("abc").hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(try SHA256Digest.of("").hex == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    @Test("Pieces give the digest of the whole")
    func pieces() throws {
        var hasher = try SHA256Hasher()
        try hasher.update(Array("a".utf8))
        try hasher.update(Array("bc".utf8))
        let digest = try hasher.finalize()
        #expect(try digest == SHA256Digest.of("abc"))
    }
}

import Arrays
import Testing

@Suite struct ArraysTests {
    @Test(
        "Floats are zero at first, begin at a multiple of 64 bytes and keep what is written",
        arguments: [0, 1, 15, 1_000])
    func floats(_ count: Int) {
        let floats = FloatArray(count: count)
        #expect(floats.values == [Float](repeating: 0, count: count))
        #expect(floats.lend { Int(bitPattern: $0) % 64 } == 0)
        for index in 0..<count { floats[index] = Float(index) }
        #expect(floats.values == (0..<count).map(Float.init))
        #expect(FloatArray(floats.values).values == floats.values)
    }

    @Test("Each part is worked on once, whatever the number of threads", arguments: [1, 2, 7], [0, 1, 5, 1_000])
    func parts(_ threads: Int, _ parts: Int) {
        let times = FloatArray(count: 8 * parts)
        Parallel(threads: threads).perform(parts: parts) { part in
            for index in 8 * part..<8 * part + 8 { times[index] += Float(part + 1) }
        }
        #expect(times.values == (0..<8 * parts).map { Float($0 / 8 + 1) })
    }
}

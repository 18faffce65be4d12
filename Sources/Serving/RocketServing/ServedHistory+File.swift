import Days
import Features
import Foundation
import Nets

extension ServedHistory {
    /// The metadata of the file, without the counts.
    private struct Description: Codable {
        var asOf: String
        var keys: [KeyDescription]

        enum CodingKeys: String, CodingKey {
            case asOf = "as_of"
            case keys
        }
    }

    private struct KeyDescription: Codable {
        var of: [String]
        var leastImpressions: Int
        var windows: [Window]

        enum CodingKeys: String, CodingKey {
            case of, windows
            case leastImpressions = "least_impressions"
        }
    }

    private static let metadataKey = "history"
    private static let mostKeys = 1_000
    private static let mostWindows = 1_000

    /// Returns the file's bytes; the same counts give the same bytes.
    public func encoded() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let description = Description(
            asOf: asOf.description,
            keys: keys.map {
                KeyDescription(of: $0.of, leastImpressions: $0.leastImpressions, windows: $0.windows)
            })
        var file = Safetensors(
            tensors: [:],
            metadata: [Self.metadataKey: String(decoding: try encoder.encode(description), as: UTF8.self)])
        for (index, key) in keys.enumerated() {
            var halves: [Int32] = []
            halves.reserveCapacity(2 * key.hashes.count)
            for hash in key.hashes {
                halves.append(Int32(truncatingIfNeeded: hash))
                halves.append(Int32(truncatingIfNeeded: hash >> 32))
            }
            file.integers["\(index)/hashes"] = Safetensors.Integers(shape: [key.hashes.count, 2], values: halves)
            file.tensors["\(index)/counts"] = Safetensors.Tensor(
                shape: [key.hashes.count, 2 * key.windows.count], values: key.counts)
        }
        return try file.encoded()
    }

    /// Reads a file's bytes. What its header says is checked before anything is made of it.
    ///
    /// - Throws: `SafetensorsError`, `ServingError.history`.
    public init(_ bytes: [UInt8]) throws {
        let file = try Safetensors(bytes)
        let description: Description
        (asOf, description) = try Self.described(file.metadata)
        keys = try description.keys.enumerated().map { index, key in
            try Self.key(key, hashes: file.integers["\(index)/hashes"], counts: file.tensors["\(index)/counts"])
        }
    }

    /// Reads the day for whose rows a table is from a file's first bytes, without its counts.
    ///
    /// - Throws: `SafetensorsError`, `ServingError.history`.
    public static func asOf(beginning bytes: [UInt8]) throws -> Day {
        try described(Safetensors.metadata(beginning: bytes)).asOf
    }

    private static func described(
        _ metadata: [String: String]
    ) throws(ServingError) -> (asOf: Day, description: Description) {
        guard let text = metadata[metadataKey],
            let description = try? JSONDecoder().decode(Description.self, from: Data(text.utf8)),
            let asOf = Day(description.asOf), description.keys.count <= mostKeys
        else { throw .history("its metadata do not say which counts it has") }
        return (asOf, description)
    }

    private static func key(
        _ key: KeyDescription, hashes: Safetensors.Integers?, counts: Safetensors.Tensor?
    ) throws(ServingError) -> Key {
        let name = key.of.joined(separator: ", ")
        guard let hashes, let counts, hashes.shape.count == 2, hashes.shape[1] == 2, hashes.shape[0] < Int(Int32.max),
            (1...mostWindows).contains(key.windows.count),
            counts.shape == [hashes.shape[0], 2 * key.windows.count]
        else { throw .history("the counts by \(name) do not have the shape that its metadata say") }
        for window in key.windows {
            guard window.prior > 0, window.prior < 1, window.strength > 0, window.strength.isFinite
            else { throw .history("the rates by \(name) have no valid prior") }
            guard window.window.isPossible(lag: window.lag) else {
                throw .history("a window of the counts by \(name) is not of 1 … \(HistoryWindow.mostDays) days")
            }
        }
        guard counts.values.allSatisfy({ $0 >= 0 && $0.isFinite }) else {
            throw .history("the counts by \(name) are not all numbers from 0 on")
        }
        var whole: [UInt64] = []
        whole.reserveCapacity(hashes.shape[0])
        var before: UInt64 = 0
        for row in 0..<hashes.shape[0] {
            let low = UInt64(UInt32(bitPattern: hashes.values[2 * row]))
            let hash = low | UInt64(UInt32(bitPattern: hashes.values[2 * row + 1])) << 32
            guard hash > before else { throw .history("the hashes by \(name) do not ascend") }
            whole.append(hash)
            before = hash
        }
        return Key(
            of: key.of, leastImpressions: key.leastImpressions, windows: key.windows, hashes: whole,
            counts: counts.values)
    }
}

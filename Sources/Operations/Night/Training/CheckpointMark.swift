import Digests
import Files

extension FileMark {
    /// Parts of checkpoints and those in the making (`….tmp`, by earlier versions without random digits).
    static let checkpointPart = FileMark(
        name: { name in
            CheckpointPartName(name) != nil
                || FileName.isTemporary(name) { CheckpointPartName(String($0)) != nil }
                || name.hasSuffix(".tmp") && CheckpointPartName(String(name.dropLast(4))) != nil
        },
        content: { name, file in
            let head = try file.bytes(at: 0, count: 1 << 16)
            // Safetensors: the header's length, then the header.
            let isCheckpoint = head.dropFirst(8).first == UInt8(ascii: "{") && contains(head, "\"checkpoint\"")
            if name.hasSuffix(".tmp") { return file.size == 0 || isCheckpoint }
            guard !isCheckpoint, let part = CheckpointPartName(name) else { return isCheckpoint }
            return try CheckpointPartName.digest(file.bytes()) == part.digest
        })

    private static func contains(_ bytes: [UInt8], _ text: String) -> Bool {
        let wanted = Array(text.utf8)
        return bytes.indices.dropLast(wanted.count - 1).contains {
            bytes[$0] == wanted[0] && bytes[$0...].starts(with: wanted)
        }
    }
}

/// `<arm>-<step>-<number>of<count>-<digest>.safetensors`; the digest tells a damaged file.
struct CheckpointPartName {
    let arm: String
    let step, number, count: Int
    let digest: String

    init(arm: String, step: Int, number: Int, count: Int, bytes: [UInt8]) throws {
        self.arm = arm
        (self.step, self.number, self.count) = (step, number, count)
        digest = try Self.digest(bytes)
    }

    init?(_ name: String) {
        guard let match = name.wholeMatch(of: /(\w+)-(\d+)-(\d+)of(\d+)-([0-9a-f]{32})\.safetensors/),
            let step = Int(match.2), let number = Int(match.3), let count = Int(match.4), count > 0
        else { return nil }
        arm = String(match.1)
        (self.step, self.number, self.count) = (step, number - 1, count)
        digest = String(match.5)
    }

    var name: String { "\(arm)-\(step)-\(number + 1)of\(count)-\(digest).safetensors" }

    static func digest(_ bytes: [UInt8]) throws -> String { String(try SHA256Digest.of(bytes).hex.prefix(32)) }
}

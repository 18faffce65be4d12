import Foundation
import Logging
import Night
import Testing
import Training

@Suite struct CheckpointFolderTests {
    /// A folder of its own, and what saves a part of some bytes in it.
    static func withFolder(_ body: (CheckpointFolder) throws -> Void) throws {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoints-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let place = CheckpointFolder.Place(cache: path, model: "m", fingerprint: "0123456789abcdef")
        try body(CheckpointFolder(place, log: Logger(label: "test")))
    }

    static func part(_ byte: UInt8, _ number: Int, of count: Int, step: Int) -> CheckpointPart {
        CheckpointPart(bytes: [byte], number: number, count: count, step: step)
    }

    @Test("A step that was saved twice has one checkpoint, the newer")
    func twice() throws {
        try Self.withFolder { folder in
            #expect(folder.save(Self.part(1, 0, of: 1, step: 9), "rocket"))
            #expect(folder.save(Self.part(2, 0, of: 1, step: 9), "rocket"))
            let found = try #require(folder.find("rocket"))
            #expect(found.names.count == 1 && found.step == 9)
            #expect(try folder.load(found.names[0]) == [2])
        }
    }

    @Test("Parts of several ranks count when all are there; an incomplete newer checkpoint does not")
    func parts() throws {
        try Self.withFolder { folder in
            for (number, byte) in [1, 2, 3].enumerated() as EnumeratedSequence<[UInt8]> {
                #expect(folder.save(Self.part(byte, number, of: 3, step: 4), "rocket"))
            }
            #expect(folder.save(Self.part(7, 1, of: 3, step: 8), "rocket"))
            #expect(folder.find("light") == nil)
            let found = try #require(folder.find("rocket"))
            #expect(found.step == 4)
            #expect(try found.names.map { try folder.load($0) } == [[1], [2], [3]])
            for number in [0, 2] { #expect(folder.save(Self.part(9, number, of: 3, step: 8), "rocket")) }
            folder.removeAll(but: Self.part(9, 0, of: 3, step: 8), "rocket")
            #expect(folder.find("rocket")?.step == 8)
        }
    }

    @Test("Only checkpoints are ever removed; what others put into the folder stays, however old it is")
    func others() throws {
        let cache = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoints-\(UUID())").path
        defer { try? FileManager.default.removeItem(atPath: cache) }
        func folder(_ model: String) -> CheckpointFolder {
            CheckpointFolder(
                .init(cache: cache, model: model, fingerprint: "0123456789abcdef"), log: Logger(label: "test"))
        }
        let root = "\(cache)/checkpoints"
        #expect(folder("old").save(Self.part(1, 0, of: 1, step: 9), "rocket"))
        #expect(folder("mixed").save(Self.part(2, 0, of: 1, step: 9), "rocket"))
        #expect(folder("now").save(Self.part(3, 0, of: 1, step: 9), "rocket"))
        let digest = String(repeating: "0", count: 32)
        let theirs = [
            "theirs/thesis.txt", "notes.txt", "mixed-0123456789abcdef/thesis.txt",
            "mixed-0123456789abcdef/rocket-9-1of1-\(digest).safetensors", "now-0123456789abcdef/thesis.txt",
        ].map { "\(root)/\($0)" }
        try FileManager.default.createDirectory(atPath: "\(root)/theirs", withIntermediateDirectories: true)
        for path in theirs { try Data("precious".utf8).write(to: URL(fileURLWithPath: path)) }
        let all = try #require(FileManager.default.enumerator(atPath: root)).compactMap { $0 as? String } + ["."]
        for name in all.sorted(by: >) {
            try FileManager.default.setAttributes(
                [.modificationDate: Date.now.addingTimeInterval(-30 * 86_400)], ofItemAtPath: "\(root)/\(name)")
        }
        folder("now").removeForgotten()
        #expect(!FileManager.default.fileExists(atPath: "\(root)/old-0123456789abcdef"))
        #expect(folder("mixed").find("rocket") == nil)
        #expect(folder("now").find("rocket") != nil)
        folder("now").remove()
        #expect(folder("now").find("rocket") == nil)
        for path in theirs { #expect(try String(contentsOfFile: path, encoding: .utf8) == "precious") }
    }

    @Test("A damaged part is no checkpoint")
    func damaged() throws {
        try Self.withFolder { folder in
            #expect(folder.save(Self.part(1, 0, of: 1, step: 9), "rocket"))
            let name = try #require(folder.find("rocket")).names[0]
            let place = try #require(
                FileManager.default.enumerator(atPath: FileManager.default.temporaryDirectory.path)?
                    .compactMap { $0 as? String }.first { $0.hasSuffix(name) })
            try Data([5]).write(to: FileManager.default.temporaryDirectory.appendingPathComponent(place))
            #expect(folder.find("rocket") == nil)
        }
    }
}

import Files

extension FileMark {
    /// Finished and unfinished cache files: `part-0-<checksum>.lz4` with the trailer of the format,
    /// `part-0.<random>.tmp` (`part-0-<UUID>.tmp` in earlier versions) with the beginning of an LZ4 frame, or still
    /// empty.
    static let cacheFile = FileMark(
        name: { isCacheFile($0) || isUnfinished($0) },
        content: { name, file in
            let isFrame = try file.bytes(at: 0, count: 4) == [0x04, 0x22, 0x4D, 0x18]
            guard isCacheFile(name) else { return isFrame || file.size == 0 }
            return try isFrame && file.bytes(at: file.size - 8, count: 8) == Array("ROCKETC1".utf8)
        })

    private static func isCacheFile(_ name: String) -> Bool {
        name.wholeMatch(of: /part-[0-9]+(-[0-9a-f]{16})?\.lz4/) != nil
    }

    private static func isUnfinished(_ name: String) -> Bool {
        FileName.isTemporary(name) { $0.wholeMatch(of: /part-[0-9]+/) != nil }
            || name.wholeMatch(of: /part-[0-9]+-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp/) != nil
    }
}

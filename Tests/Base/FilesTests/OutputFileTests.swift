import Files
import Foundation
import Testing

/// A folder for one test.
func withFolder(_ body: (String) throws -> Void) throws {
    let folder = try TemporaryFolder("files-tests")
    defer { folder.remove() }
    try body(folder.path)
}

func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }

func written(_ bytes: [UInt8], to path: String, mode: StagedFile.Mode = .kept) throws -> OutputFile.Outcome {
    try OutputFile(path, streams: .written).replace(with: bytes, mode: mode)
}

@Suite struct OutputFileTests {
    @Test("A file is replaced as a whole, keeps its mode, and nothing else stays in the folder")
    func replaced() throws {
        try withFolder { folder in
            let path = "\(folder)/page.html"
            try "old".write(toFile: path, atomically: false, encoding: .utf8)
            #expect(chmod(path, 0o640) == 0)
            #expect(try written(Array("new".utf8), to: path) == .replaced)
            #expect(text(path) == "new")
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
            #expect(try written([], to: path, mode: .exactly(0o644)) == .replaced)
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o644)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["page.html"])
        }
    }

    @Test("A link at the old temporary name, or in place of the file, leaves the file that it points to as it was")
    func links() throws {
        try withFolder { folder in
            let (victim, page) = ("\(folder)/victim", "\(folder)/page.html")
            try "precious".write(toFile: victim, atomically: false, encoding: .utf8)
            symlink(victim, "\(page).\(getpid()).tmp")
            try OutputFile(page, streams: .written).replace(with: Array("page".utf8))
            #expect(text(page) == "page" && text(victim) == "precious")
            unlink(page)
            symlink(victim, page)
            try OutputFile(page, streams: .written).replace(with: Array("page".utf8))
            #expect(text(page) == "page" && text(victim) == "precious")
        }
    }

    @Test("A name that is taken is made anew elsewhere: a staged file never opens what is there")
    func unguessable() throws {
        try withFolder { folder in
            let names = try (0..<50).map { _ in try StagedFile(in: folder, stem: "x").temporaryPath }
            #expect(Set(names).count == 50)
        }
    }

    @Test("A device or a pipe is written into or refused, and is a device or a pipe afterwards")
    func devices() throws {
        try withFolder { folder in
            var outcome = try written([1], to: "/dev/null")
            #expect(outcome == .streamed)
            #expect(throws: FileError.self) { try OutputFile("/dev/null", streams: .refused).replace(with: [1]) }
            var status = stat()
            #expect(stat("/dev/null", &status) == 0 && status.st_mode & S_IFMT == S_IFCHR)
            let pipe = "\(folder)/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            // Nobody reads it: an error at once, not a program that waits.
            #expect(throws: FileError.self) { try OutputFile(pipe, streams: .written).replace(with: [1]) }
            let reading = open(pipe, O_RDONLY | O_NONBLOCK)
            defer { close(reading) }
            outcome = try written([65, 66], to: pipe)
            #expect(outcome == .streamed)
            var got: [UInt8] = [0, 0, 0]
            #expect(read(reading, &got, 3) == 2 && got == [65, 66, 0])
            #expect(stat(pipe, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
            #expect(throws: FileError.self) { try OutputFile(folder, streams: .written).replace(with: [1]) }
            // Standard output is asked for by its name.
            #expect(throws: FileError.self) { try OutputFile("-", streams: .written).replace(with: [1]) }
            // The same by a link.
            symlink("/dev/null", "\(folder)/null")
            outcome = try written([1], to: "\(folder)/null")
            #expect(outcome == .streamed)
            #expect(throws: FileError.self) {
                let file = try StagedFile(in: folder, stem: "x")
                try file.commit(as: "null")
            }
        }
    }

    @Test("What fails leaves the old file and no temporary one")
    func failure() throws {
        try withFolder { folder in
            let file = try StagedFile(in: folder, stem: "x")
            try file.write([1, 2, 3])
            file.abandon()
            #expect(throws: FileError.self) { try file.commit(as: "y") }
            for name in ["", ".", "..", "a/b", "../x", "a\nb", String(repeating: "n", count: 256)] {
                #expect(!FileName.isPlain(name))
                #expect(throws: FileError.self) { try StagedFile(in: folder, stem: "x").commit(as: name) }
            }
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
        }
    }

    @Test("A full disk is an error")
    func full() throws {
        #expect(throws: FileError.self) { try OutputFile("/dev/full", streams: .written).replace(with: [1]) }
    }
}

@Suite struct OwnFilesTests {
    /// `own-<digits>`, which begins with “mine”.
    static let mark = FileMark(
        name: { $0.hasPrefix("own-") && $0.dropFirst(4).allSatisfy(\.isNumber) },
        content: { _, file in try file.bytes(at: 0, count: 4) == Array("mine".utf8) })

    @Test("Only what name and content both show to be own is removed; links, folders and others' files stay")
    func removal() throws {
        try withFolder { folder in
            for (name, content) in [
                ("own-1", "mine"), ("own-2", "theirs"), ("other", "mine"), ("own-3", "mi"), ("outside", "mine"),
            ] {
                try content.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
            }
            symlink("\(folder)/outside", "\(folder)/own-4")
            mkdir("\(folder)/own-5", 0o700)
            mkfifo("\(folder)/own-6", 0o600)
            let files = OwnFiles(in: folder, Self.mark)
            #expect(try !files.remove("../\(URL(fileURLWithPath: folder).lastPathComponent)/own-1"))
            files.removeAll()
            #expect(
                try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
                    == ["other", "outside", "own-2", "own-3", "own-4", "own-5", "own-6"])
            // A link to a folder is no folder to clear.
            mkdir("\(folder)/real", 0o700)
            try "mine".write(toFile: "\(folder)/real/own-1", atomically: false, encoding: .utf8)
            symlink("\(folder)/real", "\(folder)/link")
            OwnFiles(in: "\(folder)/link", Self.mark).removeAll()
            #expect(text("\(folder)/real/own-1") == "mine")
            OwnFiles(in: "\(folder)/real", Self.mark).removeAll()
            #expect(!FileManager.default.fileExists(atPath: "\(folder)/real"))
        }
    }
}

@Suite struct TextTests {
    @Test("A word for the shell comes back from the shell as it was")
    func shellWords() throws {
        for word in [
            "plain/job.yaml", "a $(touch X); b.yaml", "it's", "", "~", "a\nb\u{1B}[31m", "\"`\\", "ü ö", "'", "*?[a]",
        ] {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/bin/bash")
            process.arguments = ["-c", "printf %s \(ShellWord.quoted(word))"]
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let found = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            process.waitUntilExit()
            #expect(found == word)
        }
        #expect(ShellWord.quoted("jobs/a.yaml") == "jobs/a.yaml")
        #expect(!ShellWord.quoted("a\nb\u{1B}").unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test("Control characters are shown, not obeyed")
    func visible() {
        #expect(
            VisibleText.escaped("a\nb\r\t\u{1B}[31m\u{7F}\u{85}\u{202E}")
                == "a\\nb\\r\\t\\u{1B}[31m\\u{7F}\\u{85}\\u{202E}")
        #expect(VisibleText.escaped("a\r\nb", lineBreaks: .kept) == "a\\r\nb")
        #expect(VisibleText.escaped("día — ‘x’ 日本 👩‍👩‍👧") == "día — ‘x’ 日本 👩‍👩‍👧")
    }

    @Test("A text is cut by bytes, between characters, however long a grapheme is")
    func cut() {
        let grapheme = "e" + String(repeating: "\u{301}", count: 150_000)
        #expect(VisibleText.prefix(grapheme, bytes: 4_000).utf8.count == 3_999)
        #expect(VisibleText.prefix("aä", bytes: 2) == "a")
        #expect(VisibleText.prefix("aä", bytes: 3) == "aä")
        #expect(VisibleText.prefix("日本", bytes: 0) == "")
    }
}

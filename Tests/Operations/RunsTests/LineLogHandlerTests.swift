import Foundation
import Logging
import Runs
import Synchronization
import Testing

/// Log lines as they are written.
@Suite struct LineLogHandlerTests {
    private func lines(_ format: LogFormat, _ body: (Logger) -> Void) -> [String] {
        let lines = LogLines(format)
        var log = lines.log
        log[metadataKey: "model"] = "a \"b\"\nc"
        body(log)
        return lines.all
    }

    @Test("A JSON line is one object with time, level, message and metadata, its numbers as numbers")
    func json() throws {
        let found = lines(.json) { log in
            log.warning(
                "two\nlines \u{1}",
                metadata: [
                    "done": .stringConvertible(3), "rate": .stringConvertible(0.5), "time": "mine",
                    "no_number": .stringConvertible(Double.nan), "list": [.stringConvertible(1), "x"],
                ])
            log.debug("not shown")
        }
        #expect(found.count == 1)
        let line = try #require(found.first)
        #expect(line.hasSuffix("}\n") && line.count { $0 == "\n" } == 1 && line.hasPrefix("{\"time\":"))
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        #expect(object["level"] as? String == "warning" && object["message"] as? String == "two\nlines \u{1}")
        #expect(object["model"] as? String == "a \"b\"\nc")
        #expect(object["done"] as? Int == 3 && object["rate"] as? Double == 0.5)
        #expect(object["time_"] as? String == "mine" && object["no_number"] as? String == "nan")
        #expect((object["list"] as? [Any])?.count == 2)
        let time = try #require(object["time"] as? String)
        #expect(time.wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/) != nil)
    }

    @Test("A value in a text line neither begins another line nor reaches the terminal as more than text")
    func forged() throws {
        let found = lines(.text) { $0.info("user ‘x\n2026-01-08T00:00:00.000Z info promoted\u{1B}[31m’") }
        #expect(found.count == 1)
        let line = try #require(found.first)
        #expect(line.hasSuffix("info user ‘x\\n2026-01-08T00:00:00.000Z info promoted\\u{1B}[31m’\n"))
    }

    @Test("A text line is time, level and message")
    func text() throws {
        let found = lines(.text) { $0.info("done", metadata: ["run": "7"]) }
        #expect(found.count == 1)
        #expect(try #require(found.first).wholeMatch(of: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z info done\n/) != nil)
    }
}

/// A log whose lines are kept.
final class LogLines: Sendable {
    private let lines = Mutex<[String]>([])
    private let format: LogFormat

    init(_ format: LogFormat = .text) {
        self.format = format
    }

    var log: Logger {
        let handler = LineLogHandler(format) { line in self.lines.withLock { $0.append(line) } }
        return Logger(label: "tests", factory: { _ in handler })
    }

    var all: [String] { lines.withLock { $0 } }
}

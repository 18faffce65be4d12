import Files
import Foundation
import Logging

/// How log lines are written.
public enum LogFormat: String, CaseIterable, Sendable {
    /// Time, level and message, for people.
    case text
    /// One JSON object a line, for programs: `time`, `level`, `message` and the metadata.
    case json
}

/// Writes each event as one line.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var logLevel: Logger.Level = .info
    private let format: LogFormat
    private let write: @Sendable (String) -> Void

    /// - Parameter write: takes a line with its end.
    public init(_ format: LogFormat, write: @escaping @Sendable (String) -> Void) {
        self.format = format
        self.write = write
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        let time = Date.now.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
        switch format {
        // One event is one line, whatever the values in it hold.
        case .text: write("\(time) \(event.level) \(VisibleText.escaped("\(event.message)"))\n")
        case .json:
            let all = metadata.merging(event.metadata ?? [:]) { $1 }
            write(Self.object(time: time, level: event.level, message: "\(event.message)", metadata: all) + "\n")
        }
    }

    private static func object(
        time: String, level: Logger.Level, message: String, metadata: Logger.Metadata
    ) -> String {
        let fixed = [("time", string(time)), ("level", string("\(level)")), ("message", string(message))]
        let others = metadata.sorted { $0.key < $1.key }.map { key, value in
            // A key is never there twice, and nothing of the metadata is lost.
            (fixed.contains { $0.0 == key } ? "\(key)_" : key, json(value))
        }
        return "{" + (fixed + others).map { "\(string($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    private static func json(_ value: Logger.Metadata.Value) -> String {
        switch value {
        case .string(let text): string(text)
        case .stringConvertible(let value): number(value) ?? string("\(value)")
        case .array(let values): "[" + values.map(json).joined(separator: ",") + "]"
        case .dictionary(let values):
            "{"
                + values.sorted { $0.key < $1.key }.map { "\(string($0.key)):\(json($0.value))" }
                .joined(separator: ",") + "}"
        }
    }

    /// JSON has no way to write a number that is not finite; it stays text.
    private static func number(_ value: any CustomStringConvertible) -> String? {
        switch value {
        case let number as any BinaryInteger: "\(number)"
        case let number as Double where number.isFinite: "\(number)"
        case let flag as Bool: "\(flag)"
        default: nil
        }
    }

    private static func string(_ text: String) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return (try? encoder.encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

/// Words of commands that people copy from a message into a shell.
public enum ShellWord {
    /// Returns the text as one word: unchanged if the shell reads nothing into it, otherwise in single quotes. Control
    /// characters are written as `$'…'`, so that they do nothing when the message is shown.
    public static func quoted(_ text: String) -> String {
        if !text.isEmpty, text.utf8.allSatisfy(isHarmless), text.utf8.first != UInt8(ascii: "~") {
            return text
        }
        guard text.unicodeScalars.contains(where: isControl) else {
            return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
        }
        var word = "$'"
        for scalar in text.unicodeScalars {
            switch scalar {
            case "'", "\\": word += "\\\(scalar)"
            case _ where isControl(scalar):
                for byte in String(scalar).utf8 { word += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
            default: word.unicodeScalars.append(scalar)
            }
        }
        return word + "'"
    }

    private static func isHarmless(_ byte: UInt8) -> Bool {
        switch byte {
        case 48...57, 65...90, 97...122: true
        default: "_-./:=+,@%~".utf8.contains(byte)
        }
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) || scalar.value == 0x2028 || scalar.value == 0x2029
            || scalar.properties.isBidiControl
    }
}

extension String {
    /// The first 200 letters at most, for messages. Not of `Character`s: one of them may have a million marks.
    package var beginning: Substring { Substring(unicodeScalars.prefix(200)) }
}

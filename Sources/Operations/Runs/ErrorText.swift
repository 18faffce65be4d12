import Files
import JobFile

/// An error as it is shown: values in it can neither begin a new line nor move a terminal's cursor. Errors
/// that list several mistakes keep their lines.
public func shownText(of error: any Error) -> String {
    let hasLines =
        switch error {
        case is JobFileError, JobError.source: true
        case let error as any CommandError: error.hasLines
        default: false
        }
    return VisibleText.escaped("\(error)", lineBreaks: hasLines ? .kept : .escaped)
}

/// A key that a job file may have.
public struct JobFileKey: Equatable, Sendable {
    /// The key with those above it, `training.batch_size`.
    public let path: String
    /// What its value must look like, as messages say it.
    public let expected: String
    /// What holds without it; nil: nothing, or the text says what.
    public let defaultValue: String?
    public let isRequired: Bool
}

/// The keys that a reading of the job file asks for, in its order.
final class JobFileOutline {
    private(set) var keys: [JobFileKey] = []

    /// A key that is required is first asked for as such and then read; the first time counts.
    func add(_ path: String, _ expected: String, default value: String?, isRequired: Bool = false) {
        if keys.contains(where: { $0.path == path }) { return }
        let value = value.flatMap { $0.isEmpty || isRequired ? nil : $0 }
        keys.append(JobFileKey(path: path, expected: expected, defaultValue: value, isRequired: isRequired))
    }
}

extension JobFile {
    /// Lists every key that a job file may have, as the code that reads files asks for them.
    public static func keys() -> [JobFileKey] {
        let outline = JobFileOutline()
        var file = JobFile(unreadText: "", path: "")
        file.read(Section(outline: outline, path: ""))
        return outline.keys
    }
}

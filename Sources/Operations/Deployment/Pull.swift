import Files
import Runs

/// What is to be in a folder.
public struct PullRequest: Sendable {
    public var version: VersionChoice
    /// Whose live version is meant; nil: of the only model that has one.
    public var model: String?
    /// Which of several light nets; nil: the one that is served.
    public var net: String?
    public var choice: PullChoice
    public var weights: PulledWeights
    public var condition: Condition

    /// When files are written.
    public enum Condition: Sendable {
        case always
        /// Only if the folder lacks something of the live version.
        case ifNewer
    }

    public init(
        _ version: VersionChoice, of model: String? = nil, net: String? = nil, _ choice: PullChoice = .all,
        _ weights: PulledWeights = .light, _ condition: Condition = .always
    ) {
        (self.version, self.model, self.net) = (version, model, net)
        (self.choice, self.weights, self.condition) = (choice, weights, condition)
    }
}

/// What a pull has done.
public struct PullOutcome: Sendable {
    public var version: Int
    /// Nil: nothing was newer.
    public var files: [PulledFile]?
    /// The link that leads to the version's folder now; nil: no version was pulled that it has to lead to.
    public var link: String?
    /// Why the link stayed as it was.
    public var obstacle: PullError?
}

extension Deployments {
    /// Pulls a version into a folder; that of the live version ends by having the link `current` lead there.
    ///
    /// One pull at a time works in a folder, and which version is live is asked only then. Otherwise the slower of two
    /// pulls, which began with the older version, could be the one that sets the link.
    ///
    /// - Parameter waiting: Is called once if another pull works in the folder.
    /// - Throws: `PullError` if files are wanted only if newer, and `current` belongs to something else.
    public func pull(_ request: PullRequest, to folder: String, waiting: () -> Void) throws -> PullOutcome {
        // Where there is no such version, no folder is made.
        _ = try lightNet(request.net, of: version(request.version, of: request.model))
        do {
            try Folders.make(folder)
            return try FolderLock.holding(folder, waiting: waiting) { try pull(request, into: folder) }
        } catch let error as FileError {
            throw JobError.cannotWrite(path: error.path, reason: error.reason)
        }
    }

    private func pull(_ request: PullRequest, into folder: String) throws -> PullOutcome {
        let version = try version(request.version, of: request.model)
        let net = request.net
        var choice = request.choice
        if request.condition == .ifNewer {
            switch try need(of: version, choice, request.weights, net: net, in: folder) {
            case .nothing: return PullOutcome(version: version)
            case .history: choice = .history
            case .version: break
            }
        }
        var outcome = PullOutcome(
            version: version, files: try pull(version, choice, request.weights, net: net, to: folder))
        guard request.version == .live, choice != .history else { return outcome }
        do {
            outcome.link = try makeCurrent(version, net: net, in: folder)
        } catch let error as PullError where request.condition == .always {
            // A folder with several models stays as it was without the link.
            outcome.obstacle = error
        }
        return outcome
    }
}

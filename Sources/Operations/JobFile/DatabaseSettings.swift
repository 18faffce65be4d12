/// How a run behaves towards its database.
public struct DatabaseSettings: Equatable, Sendable {
    /// How long a run keeps trying to get its database back after the connection was lost; zero: not at all.
    public var retry: Duration

    public init(retry: Duration = .seconds(300)) {
        self.retry = retry
    }
}

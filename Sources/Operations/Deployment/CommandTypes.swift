import ModelRegistry

/// A line of the ledger of deployments.
public typealias LedgerEntry = Deployment

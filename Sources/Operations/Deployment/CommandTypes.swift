import ModelRegistry
import RocketServing

/// A line of the ledger of deployments.
public typealias LedgerEntry = Deployment

/// What is done with names that are no column of the model.
public typealias UnknownColumns = RocketServing.UnknownColumns

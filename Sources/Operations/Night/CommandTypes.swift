import AdLogs
import Evaluation

// The command line imports operations, results and the base only; these are the values that its flags turn into.

public typealias AsOf = AdLogs.AsOf
public typealias GateDecision = Evaluation.GateDecision

import AdLogs
import Days
import Evaluation
import ModelRegistry
import Nets
import RocketLaunching
import Training

// The command line imports this module and Reports only; these are the values that its flags turn into.

public typealias Day = Days.Day
public typealias AsOf = AdLogs.AsOf
public typealias Arm = RocketLaunching.Arm
public typealias Contender = Training.Contender
public typealias HintLoss = RocketLaunching.HintLoss
public typealias GateDecision = Evaluation.GateDecision
public typealias LedgerEntry = Deployment
public typealias DenseType = Nets.DenseType

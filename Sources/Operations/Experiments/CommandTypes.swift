import RocketLaunching
import Training

// The values that the flags of `rocket experiment` turn into.

public typealias Contender = Training.Contender
public typealias HintLoss = RocketLaunching.HintLoss

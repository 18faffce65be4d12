import Nets
import RocketLaunching

// The values that the flags of `rocket bench` turn into.

public typealias Arm = RocketLaunching.Arm
public typealias DenseType = Nets.DenseType

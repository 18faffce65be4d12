import Yams

/// `training.epochs` as it is written.
enum Epochs {
    case auto
    case number(Double)
}

extension Form where Value == Double {
    /// The last epoch may be a part of one.
    static var numberOfEpochs: Form {
        Form(expected: "a number of epochs, such as 1 or 2.5, at most 1000", show: shown) { scalar in
            Form<Double>.positive.read(scalar).flatMap { $0 <= 1_000 ? $0 : nil }
        }
    }
}

extension Form where Value == Epochs {
    static var epochs: Form {
        Form(
            expected: "auto, or a number of epochs, such as 1 or 2.5, at most 1000",
            show: {
                switch $0 {
                case .auto: "auto"
                case .number(let number): Form<Double>.shown(number)
                }
            },
            read: { scalar in
                if scalar.isPlain, scalar.string == "auto" { return .auto }
                return Form<Double>.numberOfEpochs.read(scalar).map { .number($0) }
            })
    }
}

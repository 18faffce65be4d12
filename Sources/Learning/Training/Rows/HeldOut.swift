/// Which training rows are judged on instead of being trained on.
package struct HeldOut: Codable, Equatable, Sendable {
    private let share: Double
    private let mostRows: Int
    /// The latest rows of the last day, or of all days.
    let isOfLastDay: Bool

    package static let nothing = HeldOut(share: 0, mostRows: 0, isOfLastDay: true)

    private init(share: Double, mostRows: Int, isOfLastDay: Bool) {
        self.share = share
        self.mostRows = mostRows
        self.isOfLastDay = isOfLastDay
    }

    /// The latest rows of whatever day.
    ///
    /// - Parameters:
    ///   - share: of all rows.
    ///   - mostRows: at most.
    package static func latest(share: Double, mostRows: Int) -> HeldOut {
        HeldOut(share: share, mostRows: mostRows, isOfLastDay: false)
    }

    package init(_ training: TrainingSpecification) {
        if let search = training.passes.search {
            self.init(share: search.share, mostRows: search.mostRows, isOfLastDay: false)
        } else {
            self.init(share: training.validation.share, mostRows: .max, isOfLastDay: true)
        }
    }

    package var isNothing: Bool { share <= 0 || mostRows == 0 }

    /// How many of a number of rows are held out.
    func count(of rows: Int) -> Int { min(Int(share * Double(rows)), mostRows) }
}

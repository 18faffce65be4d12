import Plots

// Loss curves, the hint, held-out rows, and the evidence for the gradient block.
extension ReportPage {
    var training: Markup {
        guard let rocket = details.training.first else { return "" }
        return
            "\(armTable)\(proof(of: rocket))\(grid([losses(of: rocket), lossDifference(of: rocket), hint(of: rocket), validation(of: rocket)]))"
    }

    private var armTable: Markup {
        DataTable(
            "Trainings",
            [
                .text("Arm"), .number("Steps"), .number("Samples"), .number("Time"), .number("λ"),
                .number("Kept step, light"), .number("Kept step, booster"), .number("Last light loss"),
                .number("Last booster loss"),
            ],
            text: details.training.map { arm in
                [
                    arm.arm.replacing("_", with: " "), NumberText.grouped(arm.steps), NumberText.grouped(arm.samples),
                    NumberText.seconds(arm.seconds), NumberText.significant(arm.hintWeight),
                    keptStep(arm.lightStep, of: arm.curve.last?.light),
                    keptStep(arm.boosterStep, of: arm.curve.last?.booster),
                    NumberText.fixed(arm.curve.last { $0.light != nil }?.light),
                    NumberText.fixed(arm.curve.last { $0.booster != nil }?.booster),
                ]
            }
        ).html
    }

    /// - Parameter loss: The net's loss; nil if the arm does not train it.
    private func keptStep(_ step: Int?, of loss: Double?) -> String {
        guard loss != nil else { return NumberText.unknown }
        return step.map { NumberText.grouped($0) } ?? "last"
    }

    private func proof(of arm: VersionDetails.TrainedArm) -> Markup {
        guard let norms = arm.hintOnBooster else { return "" }
        return norms.largest == 0
            ? """
            <p>The gradient block held: in \(NumberText.grouped(norms.checks)) checks the hint’s gradient on the \
            booster’s own parameters was exactly 0.</p>

            """
            : """
            <p>Without gradient block the hint moved the booster, too: its gradient there had a norm of up to \
            \(NumberText.significant(norms.largest)) in \(NumberText.grouped(norms.checks)) checks.</p>

            """
    }

    private func steps(of points: [Int]) -> Axis { Axis("training step", holding: points.map(Double.init) + [0]) }

    private func losses(of arm: VersionDetails.TrainedArm) -> Figure? {
        guard !arm.curve.isEmpty else { return nil }
        func points(_ loss: (VersionDetails.LossPoint) -> Double?) -> [LinePlot.Point] {
            zip(arm.curve, smoothed(arm.curve.map(loss))).map { LinePlot.Point(Double($0.step), $1, label: "") }
        }
        let series = [
            LinePlot.Series(NetLook.light.name, .blue, .line, points(\.light)),
            LinePlot.Series(NetLook.booster.name, .vermilion, .line, points(\.booster)),
        ].filter { $0.points.contains { $0.y != nil } }
        let plot = LinePlot(
            "Losses", text: "Cross-entropy of both nets over training, smoothed.",
            x: steps(of: arm.curve.map(\.step)),
            y: Axis("cross-entropy, nats", holding: series.flatMap { $0.points.compactMap(\.y) }),
            series: series)
        return Figure(
            plot.title,
            note: """
                H(y, p) of the light net and H(y, q) of the booster on the batches they learn from, each point the mean of \
                its neighbours; the table has them as they are.
                """,
            svg: plot.svg(id: "losses"), key: plot.key,
            table: DataTable(
                "Loss curves",
                [.number("Up to step"), .number("Light loss"), .number("Booster loss"), .number("Hint, without λ")],
                text: arm.curve.map { point in
                    [
                        NumberText.grouped(point.step), NumberText.fixed(point.light), NumberText.fixed(point.booster),
                        NumberText.significant(point.hint),
                    ]
                }))
    }

    /// Losses of batches jump about; the nets' difference on the same batches does not.
    private func lossDifference(of arm: VersionDetails.TrainedArm) -> Figure? {
        let differences = arm.curve.map { point in
            point.light.flatMap { light in point.booster.map { light - $0 } }
        }
        let smooth = smoothed(differences)
        guard differences.contains(where: { $0 != nil }) else { return nil }
        let plot = LinePlot(
            "Light loss minus booster loss", text: "The difference of the nets' losses over training, smoothed.",
            x: steps(of: arm.curve.map(\.step)),
            y: Axis("nats", holding: smooth.compactMap(\.self) + [0]),
            series: [
                LinePlot.Series(
                    "light − booster", .green, .line,
                    zip(arm.curve, smooth).map { LinePlot.Point(Double($0.step), $1, label: "") })
            ], references: [.level(0)])
        return Figure(
            plot.title,
            note: "On the same batches: above the dashed line the booster is ahead.",
            svg: plot.svg(id: "loss-difference"), key: plot.key,
            table: DataTable(
                "Light loss minus booster loss over training", [.number("Up to step"), .number("Difference")],
                text: zip(arm.curve, differences).map { [NumberText.grouped($0.step), NumberText.signed($1)] }))
    }

    /// The mean of each value and its neighbours: a fifteenth of the curve to either side.
    private func smoothed(_ values: [Double?]) -> [Double?] {
        let reach = values.count / 15
        return values.indices.map { index in
            guard values[index] != nil else { return nil }
            let near = values[max(0, index - reach)...min(values.count - 1, index + reach)].compactMap(\.self)
            return near.reduce(0, +) / Double(near.count)
        }
    }

    private func hint(of arm: VersionDetails.TrainedArm) -> Figure? {
        let points = arm.curve.filter { $0.hint != nil }
        let weight = NumberText.significant(arm.hintWeight)
        guard !points.isEmpty else { return nil }
        let plot = LinePlot(
            "Hint loss", text: "The hint term over training, not weighted by λ.", x: steps(of: points.map(\.step)),
            y: Axis("hint, without λ", holding: points.compactMap(\.hint)),
            series: [
                LinePlot.Series(
                    "hint", .green, .line, points.map { LinePlot.Point(Double($0.step), $0.hint, label: "") })
            ])
        return Figure(
            plot.title,
            note:
                "How far the light net is from the booster; the loss has it λ = \(weight) times.",
            svg: plot.svg(id: "hint"), key: plot.key,
            table: DataTable(
                "Hint over training", [.number("Up to step"), .number("Hint, without λ")],
                text: points.map { [NumberText.grouped($0.step), NumberText.significant($0.hint)] }))
    }

    private func validation(of arm: VersionDetails.TrainedArm) -> Figure? {
        guard !arm.validations.isEmpty else { return nil }
        func points(_ net: (VersionDetails.ValidationPoint) -> Double?) -> [LinePlot.Point] {
            arm.validations.map {
                LinePlot.Point(Double($0.step), net($0), label: "step \($0.step): \(NumberText.fixed(net($0)))")
            }
        }
        let series = [
            LinePlot.Series(NetLook.light.name, .blue, .lineWithMarkers, points(\.light)),
            LinePlot.Series(NetLook.booster.name, .vermilion, .lineWithMarkers, points(\.booster)),
        ].filter { $0.points.contains { $0.y != nil } }
        let plot = LinePlot(
            "AUC on held-out rows", text: "AUC of both nets on training rows that were held out.",
            x: steps(of: arm.validations.map(\.step)),
            y: Axis("AUC", holding: series.flatMap { $0.points.compactMap(\.y) }),
            series: series)
        return Figure(
            plot.title, note: "Training rows that were held out; each net keeps the weights of its best point.",
            svg: plot.svg(id: "validation"), key: plot.key,
            table: DataTable(
                "AUC on held-out rows by step", [.number("Step"), .number("Light"), .number("Booster")],
                text: arm.validations.map {
                    [NumberText.grouped($0.step), NumberText.fixed($0.light), NumberText.fixed($0.booster)]
                }))
    }
}

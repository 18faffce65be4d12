import Plots

// Loss curves, the hint, held-out rows, and the evidence for the gradient block.
extension ReportPage {
    var training: Markup {
        guard let rocket = details.training.first else { return "" }
        let figures = [losses(of: rocket), lossDifference(of: rocket), hints(of: rocket), validation(of: rocket)]
        return "\(armTable)\(proof(of: rocket))\(grid(figures))"
    }

    private typealias TrainedArm = VersionDetails.TrainedArm

    private var armTable: Markup {
        let lights = details.training.first?.lights.map(\.net) ?? []
        let names = lights + ["booster"]
        var columns: [DataTable.Column] = [
            .text("Arm"), .number("Steps"), .number("Samples"), .number("Time"), .number("λ"),
        ]
        columns += names.map { DataTable.Column.number("Kept step, \($0)") }
        columns += names.map { DataTable.Column.number("Last \($0) loss") }
        return DataTable(
            "Trainings", columns,
            text: details.training.map { arm -> [String] in
                let figures = lights.map { lastFigures(of: $0, in: arm) } + [lastBoosterFigures(in: arm)]
                return [
                    arm.arm.replacing("_", with: " "), NumberText.grouped(arm.steps), NumberText.grouped(arm.samples),
                    NumberText.seconds(arm.seconds), NumberText.significant(arm.hintWeight),
                ] + figures.map { $0.keptStep } + figures.map { NumberText.fixed($0.loss) }
            }
        ).html
    }

    /// What became of a light net in an arm; the loss is nil if the arm does not train it.
    private func lastFigures(of net: String, in arm: TrainedArm) -> (keptStep: String, loss: Double?) {
        guard let index = arm.lights.firstIndex(where: { $0.net == net }) else { return (NumberText.unknown, nil) }
        let loss = losses(of: index, in: arm).last { $0 != nil } ?? nil
        return (keptStep(arm.lights[index].step, of: loss), loss)
    }

    private func lastBoosterFigures(in arm: TrainedArm) -> (keptStep: String, loss: Double?) {
        let loss = arm.curve.last { $0.booster != nil }?.booster
        return (keptStep(arm.boosterStep, of: loss), loss)
    }

    /// - Parameter loss: The net's loss; nil if the arm does not train it.
    private func keptStep(_ step: Int?, of loss: Double?) -> String {
        guard loss != nil else { return NumberText.unknown }
        return step.map { NumberText.grouped($0) } ?? "last"
    }

    private func proof(of arm: TrainedArm) -> Markup {
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

    // MARK: Nets

    /// The light nets of an arm with their looks: the served one's is as everywhere, the others' tell them apart.
    private func lights(of arm: TrainedArm) -> [(index: Int, net: String, look: NetLook)] {
        var others = 0
        return arm.lights.enumerated().map { index, light in
            let look = NetLook(arm: "rocket", net: light.net, served: report.servedNet)
            guard light.net != report.servedNet else { return (index, light.net, look) }
            others += 1
            return (index, light.net, look.further(others))
        }
    }

    private func losses(of light: Int, in arm: TrainedArm) -> [Double?] {
        arm.curve.map { $0.lights.indices.contains(light) ? $0.lights[light].loss : nil }
    }

    private func hints(of light: Int, in arm: TrainedArm) -> [Double?] {
        arm.curve.map { $0.lights.indices.contains(light) ? $0.lights[light].hint : nil }
    }

    private func nets(of arm: TrainedArm) -> String { arm.lights.count > 1 ? "all nets" : "both nets" }

    // MARK: Plots

    private func steps(of points: [Int]) -> Axis { Axis("training step", holding: points.map(Double.init) + [0]) }

    private func points(_ curve: [VersionDetails.LossPoint], _ values: [Double?]) -> [LinePlot.Point] {
        zip(curve, values).map { LinePlot.Point(Double($0.step), $1, label: "") }
    }

    /// The cells of a table with a row for each point of a curve.
    private func rows(_ curve: [VersionDetails.LossPoint], _ columns: [[String]]) -> [[String]] {
        curve.indices.map { row in [NumberText.grouped(curve[row].step)] + columns.map { $0[row] } }
    }

    private func losses(of arm: TrainedArm) -> Figure? {
        guard !arm.curve.isEmpty else { return nil }
        let lights = lights(of: arm)
        let all =
            lights.map { (look: $0.look, values: losses(of: $0.index, in: arm)) }
            + [(look: NetLook.booster, values: arm.curve.map(\.booster))]
        let series = all.map { look, values in
            LinePlot.Series(look.name, look.style, .line, points(arm.curve, smoothed(values)))
        }.filter { $0.points.contains { $0.y != nil } }
        let plot = LinePlot(
            "Losses", text: "Cross-entropy of \(nets(of: arm)) over training, smoothed.",
            x: steps(of: arm.curve.map(\.step)),
            y: Axis("cross-entropy, nats", holding: series.flatMap { $0.points.compactMap(\.y) }),
            series: series)
        var columns: [DataTable.Column] = [.number("Up to step")]
        columns += lights.map { DataTable.Column.number("\(capitalised($0.net)) loss") }
        columns += [.number("Booster loss")]
        columns += lights.map { light in
            DataTable.Column.number(lights.count > 1 ? "Hint of \(light.net), without λ" : "Hint, without λ")
        }
        let lossCells = all.map { $0.values.map { NumberText.fixed($0) } }
        let hintCells = lights.map { light in
            hints(of: light.index, in: arm).map { NumberText.significant($0) }
        }
        return Figure(
            plot.title,
            note: """
                H(y, p) of the light net\(lights.count > 1 ? "s" : "") and H(y, q) of the booster on the batches they \
                learn from, each point the mean of its neighbours; the table has them as they are.
                """,
            svg: plot.svg(id: "losses"), key: plot.key,
            table: DataTable("Loss curves", columns, text: rows(arm.curve, lossCells + hintCells)))
    }

    /// Losses of batches jump about; the nets' difference on the same batches does not.
    private func lossDifference(of arm: TrainedArm) -> Figure? {
        let differences = lights(of: arm).map { light in
            (
                light: light,
                values: zip(arm.curve, losses(of: light.index, in: arm)).map { point, loss in
                    loss.flatMap { loss in point.booster.map { loss - $0 } }
                }
            )
        }.filter { $0.values.contains { $0 != nil } }
        guard !differences.isEmpty else { return nil }
        let series = differences.map { light, values in
            LinePlot.Series(
                "\(light.net) − booster", differences.count > 1 ? light.look.style : .green, .line,
                points(arm.curve, smoothed(values)))
        }
        let plot = LinePlot(
            "Light loss minus booster loss", text: "The difference of the nets' losses over training, smoothed.",
            x: steps(of: arm.curve.map(\.step)),
            y: Axis("nats", holding: series.flatMap { $0.points.compactMap(\.y) } + [0]),
            series: series, references: [.level(0)])
        return Figure(
            plot.title,
            note: "On the same batches: above the dashed line the booster is ahead.",
            svg: plot.svg(id: "loss-difference"), key: plot.key,
            table: DataTable(
                "Light loss minus booster loss over training",
                [.number("Up to step")]
                    + differences.map { difference in
                        DataTable.Column.number(
                            differences.count > 1 ? capitalised(difference.light.net) : "Difference")
                    },
                text: rows(arm.curve, differences.map { $0.values.map { NumberText.signed($0) } })))
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

    private func hints(of arm: TrainedArm) -> Figure? {
        var arm = arm
        arm.curve = arm.curve.filter { $0.lights.contains { $0.hint != nil } }
        guard !arm.curve.isEmpty else { return nil }
        let weight = NumberText.significant(arm.hintWeight)
        let all = lights(of: arm).map { (light: $0, values: hints(of: $0.index, in: arm)) }
        let series = all.map { light, values in
            LinePlot.Series(
                all.count > 1 ? light.look.name : "hint", all.count > 1 ? light.look.style : .green, .line,
                points(arm.curve, values))
        }
        let plot = LinePlot(
            "Hint loss", text: "The hint term over training, not weighted by λ.", x: steps(of: arm.curve.map(\.step)),
            y: Axis("hint, without λ", holding: series.flatMap { $0.points.compactMap(\.y) }), series: series)
        return Figure(
            plot.title,
            note: """
                How far \(all.count > 1 ? "each" : "the") light net is from the booster; the loss has it \
                λ = \(weight) times.
                """,
            svg: plot.svg(id: "hint"), key: plot.key,
            table: DataTable(
                "Hint over training",
                [.number("Up to step")]
                    + all.map { hint in
                        DataTable.Column.number(
                            all.count > 1 ? "\(capitalised(hint.light.net)), without λ" : "Hint, without λ")
                    },
                text: rows(arm.curve, all.map { $0.values.map { NumberText.significant($0) } })))
    }

    private func validation(of arm: TrainedArm) -> Figure? {
        guard !arm.validations.isEmpty else { return nil }
        func points(_ net: (VersionDetails.ValidationPoint) -> Double?) -> [LinePlot.Point] {
            arm.validations.map {
                LinePlot.Point(Double($0.step), net($0), label: "step \($0.step): \(NumberText.fixed(net($0)))")
            }
        }
        let lights = lights(of: arm)
        var series = lights.map { light in
            LinePlot.Series(light.look.name, light.look.style, .lineWithMarkers, points { $0.lights[light.index] })
        }
        series.append(LinePlot.Series(NetLook.booster.name, .vermilion, .lineWithMarkers, points(\.booster)))
        series = series.filter { $0.points.contains { $0.y != nil } }
        let plot = LinePlot(
            "AUC on held-out rows", text: "AUC of \(nets(of: arm)) on training rows that were held out.",
            x: steps(of: arm.validations.map(\.step)),
            y: Axis("AUC", holding: series.flatMap { $0.points.compactMap(\.y) }),
            series: series)
        return Figure(
            plot.title, note: "Training rows that were held out; each net keeps the weights of its best point.",
            svg: plot.svg(id: "validation"), key: plot.key,
            table: DataTable(
                "AUC on held-out rows by step",
                [.number("Step")]
                    + (lights.map { $0.net } + ["booster"]).map { DataTable.Column.number(capitalised($0)) },
                text: arm.validations.map { point in
                    [NumberText.grouped(point.step)] + (point.lights + [point.booster]).map { NumberText.fixed($0) }
                }))
    }
}

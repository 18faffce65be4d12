import Reports
import RocketLaunching
import Training

extension ExperimentResults.Training {
    init(_ report: TrainingReport) {
        self.init(steps: report.steps, seconds: report.seconds) { net in
            let step = net == Net.servedLight.name ? report.lightStep : report.boosterStep
            let point = report.validations.first { $0.step == step }
            return (step, net == Net.servedLight.name ? point?.light : point?.booster)
        }
    }

    init(_ report: LogisticRegression.Report) {
        self.init(steps: report.steps, seconds: report.seconds) { _ in (nil, nil) }
    }
}

import Nets
import Training

/// Where the time of a training went, and how close it was to what the machine can do.
public struct TrainingProfile: Sendable {
    public var samplesPerSecond: Double
    public var threads: Int
    /// Seconds of all threads together, by part of the step, the longest first; `waiting` is what is left of the run.
    public var parts: [(name: String, seconds: Double)]
    /// The nets' floating-point operations per second, over what bare matrix products reach on as many threads.
    public var gemmPeakShare: Double

    init(_ report: TrainingReport) {
        samplesPerSecond = report.samplesPerSecond
        threads = report.threads
        // Of several light nets the first has a name, too.
        let first = report.fleet?.first?.net ?? "light"
        let parts = report.threadSeconds.parts.map {
            (name: $0.name == "light" ? first : $0.name, seconds: $0.seconds)
        }
        let waiting = Double(report.threads) * report.seconds - parts.reduce(0) { $0 + $1.seconds }
        self.parts = (parts + [("waiting", max(0, waiting))]).sorted { $0.seconds > $1.seconds }
        gemmPeakShare =
            report.samplesPerSecond * Double(report.operationsPerSample)
            / MatrixProbe.peak(threads: report.threads, type: report.denseType ?? .f32)
    }
}

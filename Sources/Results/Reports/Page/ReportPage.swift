import Days
import Evaluation
import Plots

/// A model and one of its versions as one HTML page that needs no network and no script: it can be mailed, archived and
/// printed. Every number on it comes from the database.
public struct ReportPage: Sendable {
    /// The most nights that are shown.
    public static let nightLimit = 60
    /// The normal quantile of a two-sided 95 % interval.
    static let normalQuantile = 1.959964

    let report: ModelReport
    let decision: GateDecision?
    let details: VersionDetails
    /// The accounts of the version's days, newest first.
    let accounts: [DayAccountLine]
    let nights: [NightReport]
    let failedRuns: [RunReport]
    let deployments: [DeploymentLine]
    let experiment: [ExperimentLine]
    let experimentDay: Day?
    let change: JobFileChange?

    /// Reads what the page shows.
    ///
    /// - Parameters:
    ///   - report: The report of the version that is shown in detail.
    public init(_ report: ModelReport, from reader: ReportReader) throws {
        self.report = report
        decision = try reader.decision(of: report.version)
        details = try reader.details(of: report.version, on: report.evaluatedDay)
        accounts = try reader.accounts(
            specificationHash: details.lineage.specificationHash, from: report.trainedFrom,
            to: report.evaluatedDay ?? report.trainedTo)
        nights = try reader.nights(of: report.model, limit: Self.nightLimit)
        failedRuns = try reader.failedRuns(of: report.model, limit: 20)
        deployments = try reader.deployments(of: report.model)
        (experimentDay, experiment) = try reader.newestExperiment(of: report.model)
        change = try reader.jobFileChange(of: report.version, model: report.model)
    }

    /// The whole page.
    public var html: String {
        let sections = sections.filter { !$0.content.isEmpty }
        let links = sections.map { section -> Markup in "<li><a href=\"#\(section.id)\">\(section.title)</a></li>" }
        let bodies = sections.map { section -> Markup in
            """
            <section id="\(section.id)" aria-labelledby="\(section.id)-title">
            <h2 id="\(section.id)-title">\(section.title)</h2>
            \(section.content)</section>

            """
        }
        let page: Markup = """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
            <title>\(report.model), version \(report.version) – rocket report</title>
            <style>
            \(PageStyle.css)
            </style>
            </head>
            <body>
            <header>
            \(headline)<nav aria-label="Sections"><ul>\(links.joined())</ul></nav>
            </header>
            <main>
            \(bodies.joined())</main>
            <footer><p>Made by rocket report from the database’s tables; the version was committed at \
            \(details.lineage.createdAt) UTC. How the numbers are defined: <code>COMMENT</code>s of the tables in \
            schema <code>rocket</code>, and the manual.</p></footer>
            </body>
            </html>

            """
        return page.text
    }

    private struct Section {
        var id: String
        var title: String
        var content: Markup
    }

    private var sections: [Section] {
        [
            Section(id: "quality", title: "How good it is", content: quality),
            Section(id: "sizes", title: "What a net of another size would buy", content: sizes),
            Section(id: "importance", title: "What drives it", content: importance),
            Section(id: "slices", title: "Where it is good and bad", content: slices),
            Section(id: "nights", title: "Night after night", content: history),
            Section(id: "speed", title: "How fast it is", content: latency),
            Section(id: "training", title: "How it was trained", content: training),
            Section(id: "features", title: "What went in", content: features),
            Section(id: "arms", title: "The paper’s arms", content: arms),
            Section(id: "lineage", title: "Where it comes from", content: lineage),
        ]
    }
}

/// A net's name and style, the same all over the page.
struct NetLook {
    let name: String
    let style: SeriesStyle

    /// - Parameter served: The light net that is served.
    init(arm: String, net: String, served: String = "light") {
        switch (arm, net) {
        case ("rocket", served): (name, style) = ("\(net), in rocket", .blue)
        case ("rocket", "booster"): (name, style) = ("booster, in rocket", .vermilion)
        case ("light", served): (name, style) = ("\(net), alone", .neutral)
        case ("booster", "booster"): (name, style) = ("booster, alone", .purple)
        case ("logistic_regression", _): (name, style) = ("logistic regression", .silver)
        case ("rocket", _): (name, style) = ("\(net), in rocket", .slate)
        case ("light", _): (name, style) = ("\(net), alone", .silver)
        // No other arm may be mistaken for one of these.
        default: (name, style) = ("\(net), \(arm.replacing("_", with: " "))", net == served ? .slate : .silver)
        }
    }

    private init(name: String, style: SeriesStyle) {
        self.name = name
        self.style = style
    }

    static func live(_ net: String, version: Int?) -> NetLook {
        NetLook(name: version.map { "\(net), live version \($0)" } ?? "\(net), live version", style: .green)
    }

    /// The same net in the style of the first, second, … of several nets that are not served, if they share a plot.
    func further(_ number: Int) -> NetLook {
        let styles: [SeriesStyle] = [.green, .purple, .neutral, .slate, .silver]
        return NetLook(name: name, style: styles[(number - 1) % styles.count])
    }

    static let booster = NetLook(arm: "rocket", net: "booster")
}

/// A net's name at the beginning of a heading.
func capitalised(_ net: String) -> String { net.prefix(1).uppercased() + net.dropFirst() }

/// Arranges figures side by side if there is room.
func grid(_ figures: [Figure?]) -> Markup {
    let shown = figures.compactMap { $0?.html }
    return shown.isEmpty ? "" : "<div class=\"figures\">\n\(shown.joined())</div>\n"
}

import Plots

// What changed in the job file since the version before.
extension ReportPage {
    var jobFileChange: Markup {
        guard let change else { return "" }
        let lines = change.lines.map { line -> Markup in
            switch line.kind {
            case .same: "  \(line.text)\n"
            case .added: "<ins>+ \(line.text)</ins>\n"
            case .removed: "<del>− \(line.text)</del>\n"
            case .gap: "<span class=\"quiet\">  …</span>\n"
            }
        }
        return """
            <h2>Changed in the job file since version \(change.since)</h2>
            <pre class="change" tabindex="0" role="region" aria-label="Changes of the job file"><code>\
            \(lines.joined())</code></pre>

            """
    }
}

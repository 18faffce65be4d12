import Plots

// The data, program and settings that made a version.
extension ReportPage {
    var lineage: Markup { "\(facts)\(inputTable)\(accountTables)\(stageTable)\(jobFile)" }

    private var facts: Markup {
        let lineage = details.lineage
        var facts: [(name: String, value: Markup)] = [
            ("Committed", "\(lineage.createdAt) UTC\(lineage.host.map { " on \($0)" } ?? "")"),
            ("Run", "\(lineage.run.map(String.init) ?? "not known")"),
            ("Weights began", "\(lineage.parent.map { "with those of version \($0)" } ?? "from nothing")"),
            ("Seed", "<code>\(lineage.seed)</code>"),
            (
                "Dense parameters",
                """
                light \(NumberText.grouped(report.light.parameters)), \
                booster \(NumberText.grouped(report.booster.parameters)); \
                embeddings \(NumberText.grouped(lineage.embeddingParameters))
                """
            ),
            (
                "Program",
                """
                \(lineage.programVersion)\(lineage.programRevision.map { ", revision \($0)" } ?? "")\
                \(lineage.programDigest.map { digest -> Markup in ", SHA-256 <code>\(digest)</code>" } ?? "")
                """
            ),
            ("CPU instructions", "\(lineage.instructions ?? "not known")"),
            ("Features and source", "<code>\(lineage.specificationHash)</code>"),
            ("Settings and data", "<code>\(lineage.fingerprint)</code>"),
        ]
        if let artifact = report.artifact {
            facts.append(
                (
                    "Model",
                    "\(artifact.name), \(NumberText.bytes(artifact.bytes)), SHA-256 <code>\(artifact.sha256)</code>"
                ))
        }
        let items = facts.map { fact -> Markup in "<div><dt>\(fact.name)</dt><dd>\(fact.value)</dd></div>\n" }
        return "<dl class=\"facts\">\n\(items.joined())</dl>\n"
    }

    private var inputTable: Markup {
        guard !details.inputs.isEmpty else { return "" }
        return DataTable(
            "Days that went in",
            [
                .text("Day"), .text("Used for"), .number("Impressions"), .number("Clicks"), .number("Click rate"),
                .number("Files"), .text("Checksums of the cache files"),
            ],
            rows: details.inputs.map { input in
                let clickRate = input.rows > 0 ? Double(input.clicks) / Double(input.rows) : nil
                return [
                    "\(input.day.description)", "\(input.role)", "\(NumberText.grouped(input.rows))",
                    "\(NumberText.grouped(input.clicks))",
                    "\(NumberText.percent(clickRate, decimals: 2))",
                    "\(input.parts)", "<code>\(input.checksums)</code>",
                ]
            }
        ).html
    }

    private var stageTable: Markup {
        guard !details.stages.isEmpty else { return "" }
        return DataTable(
            "Stages of the run", [.text("Stage"), .text("Of what"), .number("Time"), .number("Rows")],
            text: details.stages.map {
                [$0.name, $0.detail ?? "", NumberText.seconds($0.seconds), NumberText.grouped($0.rows)]
            }
        ).folded
    }

    private var jobFile: Markup {
        guard !details.lineage.jobFile.isEmpty else { return "" }
        return """
            <details><summary>Job file</summary>
            <pre tabindex="0" role="region" aria-label="Job file"><code>\
            \(details.lineage.jobFile)</code></pre></details>

            """
    }
}

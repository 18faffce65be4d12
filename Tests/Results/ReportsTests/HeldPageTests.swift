import Foundation
import OperationsSupport
import Plots
import Postgres
import TestSupport
import Testing

/// What the page says of a version that the gate held, and what it claims only where it is known.
@Suite struct HeldPageTests {
    private static let advice = "held, and what now"

    private static func page(_ version: Int, _ url: String) throws -> String {
        try PageTests.page(["--model-version", "\(version)"], database: url)
    }

    private static func deploy(_ arguments: [String], _ url: String) throws {
        let result = try RocketProgram.rocket(["models"] + arguments, database: url)
        #expect(result.code == 0, "\(arguments): \(result.errors)")
    }

    @Test("The page says what to do about a held version while it is the newest candidate, and not once it was live")
    func held() throws {
        let change = { (text: String) in text + "\npromotion: {least_clicks: 1000000}\n" }
        try TestJob.withJob(days: 4, change: change) { url, job in
            for day in ["08", "09"] {
                _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-\(day) 01:00+00"))
            }
            func shown(_ version: Int) throws -> String {
                try RocketProgram.rocket(["models", "show", "\(version)"], database: url).output
            }
            for version in [1, 2] {
                let page = try Self.page(version, url)
                #expect(page.contains("Why version \(version) is held, and what now") && page.contains("--force"))
                #expect(page.contains("<p>Nothing was live.</p>") && !page.contains("Nothing is live"))
                #expect(try shown(version).contains("rocket models promote \(version) --force"))
            }
            try Self.deploy(["promote", "1", "--force", "--reason", "a test"], url)
            try Self.deploy(["promote", "2", "--force", "--reason", "a test"], url)
            // Version 1 is retired, 2 is live; then 2 is rejected and 1 live again.
            for turn in 0..<2 {
                if turn == 1 { try Self.deploy(["rollback", "--model", "test"], url) }
                for version in [1, 2] {
                    let page = try Self.page(version, url)
                    #expect(!page.contains(Self.advice) && page.contains("Rules of the promotion gate"))
                    let text = try shown(version)
                    #expect(text.contains("FAILED  clicks") && !text.contains("--force"), "\(text)")
                }
            }
            #expect(try Self.page(2, url).contains("Rejected"))
        }
    }

    @Test("A held candidate that a newer version has overtaken is not advised to be forced live")
    func overtaken() throws {
        let change = { (text: String) in text + "\npromotion: {least_clicks: 1000000}\n" }
        try TestJob.withJob(days: 4, change: change) { url, job in
            for day in ["08", "09"] {
                _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-\(day) 01:00+00"))
            }
            try Self.deploy(["promote", "2", "--force", "--reason", "a test"], url)
            let page = try Self.page(1, url)
            #expect(page.contains("Held back by the gate") && page.contains("Version 2 is live now."))
            #expect(!page.contains(Self.advice))
            try Self.deploy(["retire", "2"], url)
            #expect(try Self.page(1, url).contains(Self.advice))
        }
    }

    @Test("The tenth that is scored highest is that of the net that is served, whatever its name")
    func topTenth() throws {
        let change = { (text: String) in
            text.replacing("light: [4]", with: "lights: {small: [2], medium: [4], large: [8]}")
                + "\nserve: {net: medium}\n"
        }
        try TestJob.withJob(change: change) { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            try TestDatabase.connect(url).script(
                "UPDATE rocket.reliability_bins SET click_rate = CASE net WHEN 'medium' THEN 0.5 ELSE 0.01 END")
            let page = try Self.page(1, url)
            #expect(
                page.contains("scores highest, \(NumberText.percent(0.5, decimals: 2)) were"), "\(page.prefix(9_000))")
        }
    }

    @Test("Values of a feature are called well or badly scored only where there are clicks to tell by")
    func slices() throws {
        let change = { (text: String) in
            text.replacing("  baselines: [light, booster]", with: "  baselines: [light]\n  slices: [category]")
        }
        try TestJob.withJob(change: change) { url, job in
            _ = try TestJob.session(url, job).nightly(asOf: .instant("2026-01-08 01:00+00"))
            let connection = try TestDatabase.connect(url)
            func page(clicks: Int, pcoc: String) throws -> String {
                try connection.script("UPDATE rocket.slice_reports SET clicks = \(clicks), pcoc = \(pcoc)")
                return try Self.page(1, url)
            }
            let (fair, wrong) = ("For no value with 50 clicks", "promises most wrongly")
            for (clicks, pcoc) in [(0, "NULL"), (49, "3"), (60, "NULL")] {
                let page = try page(clicks: clicks, pcoc: pcoc)
                #expect(page.contains("By category"))
                #expect(!page.contains(fair) && !page.contains(wrong), "\(clicks) clicks, \(pcoc)")
            }
            for pcoc in ["0.9", "0.905", "1.1"] {
                let page = try page(clicks: 60, pcoc: pcoc)
                #expect(page.contains(fair) && !page.contains(wrong), "\(pcoc)")
            }
            for pcoc in ["0.89", "1.11"] {
                let page = try page(clicks: 60, pcoc: pcoc)
                #expect(!page.contains(fair) && page.contains(wrong), "\(pcoc)")
            }
        }
    }
}

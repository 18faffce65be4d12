import JobFile
import Nets
import RocketLaunching
import Testing

/// `nets.lights` and `serve`.
@Suite("Several light nets in a job file") struct FleetFileTests {
    static let three = """
        lights:
            small: [8]
            medium: {hidden: [16, 8], batch_norm: true}
            large: {hidden: [64, 32], dropout: 0.1, cross_layers: 1}
        """

    static func text(_ lights: String = three, _ more: String = "") -> String {
        completeJob.replacing("light: [16, 8]", with: lights) + "\n" + more + "\n"
    }

    static func job(_ text: String) throws -> JobFile { try JobFile(text: text, path: "jobs/x.yaml") }

    @Test("Light nets have names, and the largest is served unless the file says otherwise")
    func lights() throws {
        let job = try Self.job(Self.text())
        #expect(job.nets.lights.map(\.name) == ["small", "medium", "large"])
        #expect(job.nets.lights[1].net == DenseSpecification([16, 8], batchNorm: true))
        #expect(job.served == .net("large") && job.nets.lead == "large" && job.nets.light.hidden == [64, 32])
        #expect(job.bySize(job.nets.lights).map(\.name) == ["small", "medium", "large"])
        for name in ["best", "bestseller", "admission", "squares", "small_mean"] {
            #expect(LightNet.objection(to: name) == nil, "\(name)")
        }
        let named = try Self.job(Self.text(Self.three, "serve: {net: medium}"))
        #expect(named.served == .net("medium") && named.nets.lead == "medium" && named.nets.light.hidden == [16, 8])
        let chosen = try Self.job(Self.text(Self.three, "serve: {largest_within_p99_us: 300, candidates: 200}"))
        #expect(chosen.served == .largest(p99Microseconds: 300, candidates: 200) && chosen.nets.lead == "large")
        let most = try Self.job(Self.text(Self.three, "serve: {largest_within_p99_us: 300}"))
        #expect(most.served == .largest(p99Microseconds: 300, candidates: 200))
    }

    @Test("One light net is called light, and nothing of its settings changes")
    func one() throws {
        let job = try Self.job(completeJob)
        #expect(job.nets.fleet == nil && job.nets.lights == [LightNet("light", [16, 8])])
        #expect(job.served == .net("light") && job.nets.lead == "light")
        #expect(try !job.fingerprintText().contains("fleet"))
        #expect(try Self.job(Self.text()).fingerprintText() != job.fingerprintText())
    }

    @Test("What is served is told in fingerprints by a text that names in the program do not change")
    func fingerprint() {
        #expect("\(ServedNet.net("medium"))" == #"net("medium")"#)
        #expect(
            "\(ServedNet.largest(p99Microseconds: 300, candidates: 200))"
                == "largest(p99Microseconds: 300.0, candidates: 200)")
    }

    @Test("A net may have embeddings of its own width where nothing is shared")
    func ownWidth() throws {
        let job = try Self.job(Self.text("lights: {small: {hidden: [8], embedding_dim: 4}, large: [64]}"))
        #expect(job.nets.lights[0].embeddingDim == 4 && job.nets.lights[1].embeddingDim == nil)
    }

    @Test(
        "What cannot be is refused in words",
        arguments: [
            ("light: [8]\n  " + three, "", "nets.light and nets.lights are both given"),
            ("lights: {}", "", "nets.lights is empty"),
            ("lights: {Small: [8]}", "", "‘Small’ is no name of a net; expected up to 32 lower-case letters"),
            ("lights: {booster: [8]}", "", "‘booster’ is no name of a net; the program itself uses this name"),
            ("lights: {a_linear: [8]}", "", "the program itself uses names that end with _linear in files of weights"),
            ("lights: {a_embedding_squares: [8]}", "", "names that end with _squares"),
            ("lights: {small: [8], best_small: [16]}", "", "‘best_small’ is no name of a net; the program itself uses"),
            ("lights: {best_small: [8]}", "", "names that begin with best_ in files of weights; expected another"),
            ("lights: {admission_wall: [8]}", "", "names that begin with admission_ in files of weights"),
            ("lights: {small: [0]}", "", "nets.lights.small[1] is 0"),
            ("lights: {small: {activation: relu}}", "", "nets.lights.small.hidden is missing"),
            (three, "serve: {net: huge}", "serve.net is ‘huge’; expected one of nets.lights: small, medium, large"),
            (three, "serve: {net: small, largest_within_p99_us: 3}", "remove one of the two"),
            (three, "serve: {candidates: 200}", "serve.candidates is of largest_within_p99_us"),
            (three, "serve: {largest_within_p99_us: 300, candidates: 77}", "add it to evaluation.latency.batch_sizes"),
            (three, "serve: {}", "serve says nothing"),
            ("light: [16, 8]", "serve: {net: light}", "serve chooses among several light nets, but there is one"),
        ])
    func mistakes(_ lights: String, _ more: String, _ message: String) {
        let error = #expect(throws: JobFileError.self) { try Self.job(Self.text(lights, more)) }
        #expect(error.map { "\($0)".contains(message) } == true, "\(error.map { "\($0)" } ?? "")")
    }

    @Test("What is shared must fit the nets")
    func sharing() throws {
        func job(_ lights: String, _ rocket: String) throws -> JobFile {
            let text = Self.text(lights).replacing("sharing: nothing", with: rocket)
            #expect(text.contains(rocket))
            return try Self.job(text)
        }
        #expect(try job(Self.three, "sharing: lights").rocket.sharing == .lights)
        #expect(try job(Self.three, "sharing: lights\n  teacher: finished").rocket.teacher == .finished)
        #expect(throws: JobFileError.self) { try job("light: [16, 8]", "sharing: lights") }
        let own = "lights: {small: {hidden: [8], embedding_dim: 4}, large: [64]}"
        #expect(throws: JobFileError.self) { try job(own, "sharing: lights") }
        #expect(throws: JobFileError.self) { try job(own, "sharing: embeddings") }
        #expect(throws: JobFileError.self) { try job(Self.three, "sharing: embeddings\n  shared_layers: 1") }
    }
}

import JobFile
import Testing

@Suite struct JobFileEditTests {
    static let text = """
        model: tiny   # a comment
        source:
          impressions: {table: shown, id: id, time: at}
          clicks: {table: clicked, impression_id: id, time: at}
          attribution_window: 1d
        features:
          - {name: user, kind: categorical}     # the user
        nets:
          # what is served
          light: [8]                            # small
          embedding_dim: 4
          booster: {hidden: [32], dropout: 0.1}
        training: {epochs: 1, l2: 1e-05}

        """

    /// Whether a path, with dots between its keys, could be set.
    static func set(_ path: String, to value: String, in edit: inout JobFileEdit) -> Bool {
        edit.set(path.split(separator: ".").map(String.init), to: value)
    }

    @Test("A value is replaced where it stands; comments, order and spelling of all else stay")
    func replaces() throws {
        var edit = JobFileEdit(Self.text)
        for (path, value) in [("nets.embedding_dim", "16"), ("training.l2", "0"), ("nets.booster.dropout", "0.3")] {
            let isSet = Self.set(path, to: value, in: &edit)
            #expect(isSet, "\(path)")
        }
        #expect(
            edit.text
                == Self.text.replacing("embedding_dim: 4", with: "embedding_dim: 16")
                .replacing("l2: 1e-05", with: "l2: 0").replacing("dropout: 0.1", with: "dropout: 0.3"))
        let job = try JobFile(text: edit.text, path: "x")
        #expect(
            job.nets.embeddingDim == 16 && job.training.optimisation.dense.l2 == 0 && job.nets.booster.dropout == 0.3)
    }

    @Test("A key that is missing is added, in braces or on a line of its own, and its section with it")
    func adds() throws {
        var edit = JobFileEdit(Self.text)
        for (path, value) in [
            ("training.batch_size", "256"), ("rocket.hint_weight", "10"), ("training.schedule.end", "0.5"),
            ("features.0.minimum_count", "2"), ("nets.booster.batch_norm", "true"),
        ] {
            let isSet = Self.set(path, to: value, in: &edit)
            #expect(isSet, "\(path)")
        }
        let job = try JobFile(text: edit.text, path: "x")
        #expect(
            job.training.batches.size == 256 && job.rocket.hintWeight == 10
                && job.training.optimisation.schedule.end == 0.5)
        #expect(job.features.features[0].minimumCount == 2 && job.nets.booster.batchNorm)
        for comment in ["# a comment", "# the user", "# what is served", "# small"] {
            #expect(edit.text.contains(comment))
        }
        var block = JobFileEdit("training:\n  # rates\n  l2: 0\n  seed: 3\n")
        block.set(["training", "batch_size"], to: "9")
        #expect(block.text == "training:\n  # rates\n  batch_size: 9\n  l2: 0\n  seed: 3\n")
    }

    @Test("A net that is a list of widths becomes a mapping when it says more")
    func netAsMapping() throws {
        var edit = JobFileEdit(Self.text)
        var widths = edit
        widths.set(["nets", "light", "hidden"], to: "[9]")
        #expect(widths.text.contains("  light: [9]   "))
        edit.set(["nets", "light", "cross_layers"], to: "2")
        #expect(edit.text.contains("light: {hidden: [8], cross_layers: 2}                            # small"))
        edit.set(["nets", "light", "batch_norm"], to: "true")
        edit.set(["nets", "light", "hidden"], to: "[16, 8]")
        let light = try JobFile(text: edit.text, path: "x").nets.light
        #expect(light.hidden == [16, 8] && light.crossLayers == 2 && light.batchNorm)
    }

    @Test("What cannot be edited is left alone")
    func leftAlone() {
        for (text, path) in [
            ("a: \"quoted\"\n", ["a"]), ("a:\n  - 1\n  - 2\n", ["a"]), ("a: [\"x]\"]\n", ["a"]), ("a: [1\n", ["a"]),
            ("- 1\n", ["a", "b", "c"]), ("a: 1\n", ["a", "b"]),
        ] {
            var edit = JobFileEdit(text)
            let isSet = edit.set(path, to: "2")
            #expect(!isSet && edit.text == text)
        }
    }
}

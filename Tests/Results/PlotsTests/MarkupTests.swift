import Plots
import Testing

@Suite struct MarkupTests {
    @Test("What is interpolated cannot become an element, an attribute or an entity")
    func escaping() {
        let name = "<script>alert(\"1\" & '2')</script>"
        let markup: Markup = "<td title=\"\(name)\">\(name)</td>"
        let escaped = "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)&lt;/script&gt;"
        #expect(markup.text == "<td title=\"\(escaped)\">\(escaped)</td>")
        let twice: Markup = "<tr>\(markup)</tr>"
        #expect(twice.text == "<tr>\(markup.text)</tr>")
    }

    @Test("Control characters, which HTML forbids, are replaced; tabs, line ends and other scripts stay")
    func controls() {
        #expect(Markup(escaping: "a\u{0}b\u{1b}[31m\u{85}\t\nü漢🚀").text == "a\u{fffd}b\u{fffd}[31m\u{fffd}\t\nü漢🚀")
        #expect(Markup(escaping: "e\u{301}<\u{301}").text == "e\u{301}&lt;\u{301}")
    }

    @Test(
        "Coordinates have at most two decimals, and a sign only where they are not zero",
        arguments: [
            (0.0, "0"), (1, "1"), (1.5, "1.5"), (1.25, "1.25"), (1.05, "1.05"), (-0.3, "-0.3"), (-12.345, "-12.35"),
            (-0.001, "0"), (99.999, "100"),
        ])
    func coordinates(_ value: Double, _ text: String) {
        let markup: Markup = "\(at: value)"
        #expect(markup.text == text)
    }
}

import Files
import Testing

@Suite struct CSVFieldTests {
    @Test(
        "A field is quoted if it holds a comma, a quote or a line break, and else left as it is",
        arguments: [
            ("a b", "a b"), ("", ""), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""), ("a\r\nb", "\"a\r\nb\""), ("é", "é"),
        ])
    func quoted(_ text: String, _ field: String) {
        #expect(CSVField.quoted(text) == field)
    }
}

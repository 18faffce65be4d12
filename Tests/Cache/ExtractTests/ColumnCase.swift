import RocketServing

/// A column of one of PostgreSQL's types: values as SQL, and as a program has them that calls the library.
struct ColumnCase {
    var type: String
    /// SQL of a value, and what the library is given for it. `refused`: serving has no id for it and must say so.
    var values: [(sql: String, library: RawValue, isRefused: Bool)] = []

    init(_ type: String, _ values: (String, RawValue)..., refused: [(String, RawValue)] = []) {
        self.type = type
        self.values = values.map { ($0.0, $0.1, false) } + refused.map { ($0.0, $0.1, true) }
    }

    /// Types whose values become ids.
    static let hashed: [ColumnCase] = [
        ColumnCase("text", ("'a'", "a"), ("' é '", " é "), ("'017'", "017"), ("'17'", .integer(17)), ("''", "")),
        ColumnCase("character varying(20)", ("'a b'", "a b"), ("'true'", .flag(true)), ("'1.50'", .decimal("1.50"))),
        ColumnCase("character(6)", ("'ab'", "ab"), ("'a b'", "a b   ")),
        ColumnCase("name", ("'n'", "n")),
        ColumnCase("mood", ("'sad'", "sad"), ("'so so'", "so so")),
        ColumnCase("nickname", ("'joe'", "joe")),
        ColumnCase("smallint", ("-12", .integer(-12)), ("3", .number(3))),
        ColumnCase("integer", ("0", "0"), ("17", .decimal("17"))),
        ColumnCase("bigint", ("9223372036854775807", .integer(.max)), ("-9223372036854775808", .integer(.min))),
        ColumnCase("boolean", ("true", .flag(true)), ("false", "f")),
        ColumnCase(
            "uuid", ("'6f1ed002-ab55-95ef-9e0e-1c5a2b3c4d5e'", "6F1ED002-AB55-95EF-9E0E-1C5A2B3C4D5E")),
        ColumnCase(
            "real", ("0.1", .number(0.1)), ("1000000", .integer(1_000_000)), ("999999", .number(999_999)),
            ("'1.5e-05'", .number(1.5e-5)), ("16777216", .decimal("16777216")), ("'NaN'", "NaN"),
            ("'-0'", .number(-0.0)),
            ("0.7", .number(Double(Float(0.7)))), ("'3.4028235e38'", .number(Double(Float.greatestFiniteMagnitude)))),
        ColumnCase(
            "double precision", ("0.1", .number(0.1)), ("1e15", .number(1e15)),
            ("123456789012345", .integer(123_456_789_012_345)),
            ("1e23", .number(1e23)), ("5e-324", .number(5e-324)), ("1e-5", .decimal("0.00001")),
            ("'-0'", .number(-0.0)),
            ("123456789012345680", .number(123_456_789_012_345_680)), ("'Infinity'", "Infinity"),
            ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)),
            ("9007199254740993", .decimal("9007199254740993"))),
        ColumnCase(
            "numeric", ("3.30", .decimal("3.30")), ("18446744073709551612", .decimal("18446744073709551612")),
            ("0.0000001", "0.0000001"), ("-5", .integer(-5)), ("'NaN'", "NaN"), ("'-0.00'", .decimal("-0.00"))),
        ColumnCase("numeric(10,2)", ("3.3", .number(3.3)), ("5", .integer(5)), ("-0.07", .decimal("-0.070"))),
        ColumnCase("price", ("1.5", .decimal("1.5")), ("2", .integer(2))),
        ColumnCase(
            "date", ("'2026-01-05'", "2026-01-05"), ("'infinity'", "infinity"), ("'0044-03-15 BC'", "0044-03-15 BC")),
        ColumnCase(
            "timestamp", ("'2026-01-05 10:00:00.25'", "2026-01-05T10:00:00.250"),
            ("'1850-06-01 23:59'", "1850-06-01 23:59"),
            ("'infinity'", "infinity"), refused: [("'0044-03-15 10:00 BC'", "0044-03-15 10:00:00 BC")]),
        ColumnCase(
            "timestamptz", ("'2026-01-05 10:00:00.5+00'", "2026-01-05T15:30:00.5+05:30"),
            ("'2026-01-05 18:45:00+00'", .integer(1_767_638_700)),
            ("'1970-01-01 00:00:00.000001+00'", .number(0.000001)),
            ("'2026-01-05 10:00+00'", .decimal("1767607200.0"))),
        ColumnCase("time", ("'10:00'", "10:00:00.000"), ("'24:00:00'", "24:00:00"), ("'10:00:00.120'", "10:00:00.12")),
        ColumnCase("timetz", ("'10:00+01'", "10:00:00+01"), ("'10:00:00.5-03:30'", "10:00:00.500-03:30")),
        ColumnCase(
            "interval", ("'1 year -2 mons +3 days 04:05:06.7'", "10 mons 3 days 04:05:06.7"), ("'-1 s'", "-00:00:01"),
            ("'0'", "00:00:00"), ("'1 day'", "1 day")),
        ColumnCase("bytea", ("'\\x01ff'", "\\x01FF"), ("''", "\\x")),
        ColumnCase("bit(4)", ("B'0101'", "0101")), ColumnCase("bit varying", ("B'1'", "1")),
        ColumnCase("inet", ("'10.0.0.1'", "10.0.0.1"), ("'10.0.0.0/8'", "10.0.0.0/8"), ("'::1'", "::1")),
        ColumnCase("cidr", ("'10.0.0.0/8'", "10.0.0.0/8")),
        ColumnCase("macaddr", ("'08:00:2b:01:02:03'", "08:00:2B:01:02:03")),
        ColumnCase("macaddr8", ("'08:00:2b:01:02:03:04:05'", "08:00:2b:01:02:03:04:05")),
    ]

    /// Types whose values become numbers.
    static let numbers: [ColumnCase] = [
        ColumnCase("smallint", ("3", .integer(3))), ColumnCase("integer", ("-7", .number(-7))),
        ColumnCase("bigint", ("9007199254740993", .integer(9_007_199_254_740_993))),
        ColumnCase("real", ("0.1", .number(0.1)), ("0.7", .decimal("0.7")), ("3e38", .number(3e38))),
        ColumnCase("double precision", ("0.1", .number(0.1)), ("1e-300", .decimal("1e-300"))),
        ColumnCase("numeric", ("3.30", .number(3.3)), ("18446744073709551612", .decimal("18446744073709551612"))),
        ColumnCase("numeric(8,3)", ("2.5", "2.500")), ColumnCase("price", ("1.5", .number(1.5))),
        ColumnCase("boolean", ("true", .flag(true)), ("false", .flag(false))),
        ColumnCase("text", ("' 12.5'", " 12.5"), ("'1e2'", .integer(100))),
        ColumnCase("character varying", ("'-3'", .integer(-3))),
    ]

    /// Types that the check of a job file refuses, and the kind that they are asked for.
    static let refused = [
        "json", "jsonb", "money", "xml", "point", "int4range", "tsvector", "pair", "text[]", "json[]",
    ]
}

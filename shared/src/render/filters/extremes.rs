//! Values at the ends of their ranges, through every filter and operator: each has an output or is an error. In a deployment a
//! panic would end the process, and with it the other messages of a batch.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde_json::{Map, Value, json};

use super::tests::reader;
use crate::render::source::{Kind, Source};

/// Numbers, texts and lists that code forgets.
fn values() -> Vec<Value> {
    let digits = "9".repeat(400);
    let texts = [
        "",
        " ",
        "-",
        ".",
        "é",
        "🙂",
        "e\u{301}",
        "1e999",
        "-1e999",
        "NaN",
        "inf",
        "-0",
        "0.0",
        "99.95",
        "999999999999999999999999999999.5",
        &digits,
        &format!("-{digits}.{digits}"),
        // Dates: the bounds of jiff and of RFC 3339, a leap second, odd offsets.
        "9999-12-31",
        "9999-12-30T22:00:00.999999999Z",
        "9999-12-31T23:59:59Z",
        "9999-12-31T23:59:59+23:59",
        "-009999-01-02T01:59:59Z",
        "-009999-01-01",
        "-9999-01-01",
        "0000-01-01",
        "0000-01-01T00:00:00Z",
        "0000-00-00",
        "2016-12-31T23:59:60Z",
        "2024-02-30",
        "2024-03-01T10:00:00+25:59",
        "2024-03-01T10:00:00-00:00:01",
        "10000-01-01",
        "🙂024-03-01",
    ];
    let numbers = [
        json!(0),
        json!(-1),
        json!(i64::MIN),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(253_402_207_200_i64),
        json!(253_402_207_201_i64),
        json!(-377_705_023_201_i64),
        json!(-377_705_023_202_i64),
        json!(-0.0),
        json!(0.05),
        json!(99.95),
        json!(f64::MIN_POSITIVE),
        json!(5e-324),
        json!(f64::MAX),
        json!(f64::MIN),
        json!(f64::EPSILON),
        json!(-253_402_207_200.5),
    ];
    let others =
        [json!(null), json!(true), json!([]), json!({}), json!([1, "a", null, [2.5]]), json!({"a": {"b": []}})];
    texts.iter().map(|text| json!(text)).chain(numbers).chain(others).collect()
}

const EXPRESSIONS: [&str; 82] = [
    "x|date",
    "x|time",
    "x|datetime",
    "x|number",
    "x|number(0)",
    "x|number(1)",
    "x|number(12)",
    "x|number(13)",
    "x|number(18446744073709551615)",
    "x|number(-1)",
    "x|distance",
    "x|temperature",
    "x|temperature(12)",
    "x|temperature(99999999999999999999)",
    "x|weight",
    "x|round",
    "x|round(3)",
    "x|round(2147483647)",
    "x|round(-2147483648)",
    "x|abs",
    "x|int",
    "x|float",
    "x|float|int",
    "x|float|round|int",
    "x|upper",
    "x|title",
    "x|capitalize",
    "x|trim",
    "x|trim('🙂')",
    "x|length",
    "x|join(x)",
    "x|first",
    "x|last",
    "x|min",
    "x|max",
    "x|sum",
    "x|sort",
    "x|reverse",
    "x|items",
    "x|list",
    "x|string",
    "x|escape",
    "x|safe",
    "x + x",
    "x + 1",
    "x - x - 1",
    "-x",
    "x * x",
    "x * -1",
    "x / x",
    "x / 0",
    "x // 0",
    "x // -1",
    "x % 0",
    "x % -1",
    "x ** 99999",
    "x ** -1",
    "x ** x",
    "x ~ x",
    "x in x",
    "x < x",
    "x[0] ~ x[-1]",
    "x[-9223372036854775808:9223372036854775807]",
    "x[1:0] ~ x[:-1] ~ x[::2]",
    "x[::-1]",
    "x[::0]",
    "x[::3]",
    "x|string|reverse",
    "x is odd or x is even or x is divisibleby(-1)",
    "x is divisibleby(x)",
    "x is divisibleby(0.0)",
    "(-170141183460469231731687303715884105727 - 1) is divisibleby(-1)",
    "(-170141183460469231731687303715884105727 - 1) // -1",
    "(-170141183460469231731687303715884105727 - 1) % -1",
    "-(-170141183460469231731687303715884105727 - 1)",
    "(-170141183460469231731687303715884105727 - 1)|abs",
    "(-170141183460469231731687303715884105727 - 1)|round(-38)",
    "[][:-1] ~ ''[5:] ~ [][-1:]",
    "x|first|last",
    "x|title|trim(x)|join(x)",
    "x|default(x, true)",
    "x|int(0, 36) ~ x|int(base=1)",
];

#[test]
fn every_value_has_an_output_or_an_error_through_every_expression() {
    let readers: Vec<_> = [
        ("en-US", "Africa/Monrovia", "friendly", "imperial"),
        ("de-CH", "Pacific/Kiritimati", "us", "metric"),
        ("en-IN", "Pacific/Pago_Pago", "uk", "imperial"),
        ("xx", "Asia/Kathmandu", "friendly", "metric"),
        ("es", "no zone", "friendly", "imperial"),
    ]
    .map(|(language, timezone, format, units)| reader(language, timezone, format, units))
    .into();
    let (mut outputs, mut faults, mut panics) = (0, 0, Vec::new());
    for x in values() {
        let variables: Map<_, _> = [("x".to_owned(), x)].into_iter().collect();
        let contexts: Vec<_> = readers.iter().map(|reader| reader.context(&variables)).collect();
        for expression in EXPRESSIONS {
            let text = format!("{{{{ {expression} }}}}");
            // Only the first ones of the filters are about the reader.
            for context in contexts.iter().take(if expression.starts_with("x|") { 5 } else { 1 }) {
                let rendered = catch_unwind(AssertUnwindSafe(|| Source::new("it", &text, Kind::Text).render(context)));
                match rendered {
                    Ok(Ok(_)) => outputs += 1,
                    Ok(Err(fault)) => {
                        assert!(fault.to_string().starts_with("it"), "{fault}");
                        faults += 1;
                    }
                    Err(_) => panics.push(format!("{expression} of {}", variables["x"])),
                }
            }
        }
    }
    assert_eq!(panics, [""; 0]);
    assert!(outputs > 1000 && faults > 1000, "{outputs} {faults}");
}

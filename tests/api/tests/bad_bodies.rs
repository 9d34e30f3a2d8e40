//! Bodies that no request takes, whatever it expects: one list for all dialects. What each of them answers is in its own
//! `bad_input`.

/// What is sent, and what is wrong with it. `FIELD` is a field of the dialect, `GOOD` a value that it takes there, and
/// `ESCAPED` the field's name in other letters.
const TEXTS: [(&str, &str); 17] = [
    ("nothing", ""),
    ("a blank", " "),
    ("cut off", "{"),
    ("null", "null"),
    ("a list", "[]"),
    ("a string", "\"text\""),
    ("a number", "1"),
    ("true", "true"),
    ("not a number", r#"{"FIELD":NaN}"#),
    ("infinity", r#"{"FIELD":Infinity}"#),
    ("a comma too many", r#"{"FIELD":GOOD,}"#),
    ("a field twice", r#"{"FIELD":GOOD,"FIELD":GOOD}"#),
    ("a field twice, once in escapes", r#"{"FIELD":GOOD,"ESCAPED":GOOD}"#),
    ("half a surrogate pair in a value", r#"{"FIELD":"\ud800"}"#),
    ("half a surrogate pair in a name", r#"{"\udc00":GOOD}"#),
    ("more after the end", r#"{"FIELD":GOOD} trailing"#),
    ("a form", "FIELD=GOOD"),
];
/// One more than the levels that a body may have.
const TOO_DEEP: usize = 31;
/// Beyond the 256 KiB that a body may have.
const TOO_LARGE: usize = 257 * 1024;

/// A body that is to be refused.
pub struct BadBody {
    /// What is wrong with it, in words.
    pub what: &'static str,
    pub bytes: Vec<u8>,
    /// Whether it would be good, were it smaller.
    pub is_too_large: bool,
}

/// The whole list, about `field`, for which `good` is a value, as JSON.
pub fn bad_bodies(field: &str, good: &str) -> Vec<BadBody> {
    let escaped = format!("\\u{:04x}{}", field.as_bytes()[0], &field[1..]);
    let fill = |text: &str| text.replace("FIELD", field).replace("GOOD", good).replace("ESCAPED", &escaped);
    let bad = |what, bytes| BadBody { what, bytes, is_too_large: false };
    let lists = TOO_DEEP - 1;
    let deep = format!("{{\"{field}\":{}{}}}", "[".repeat(lists), "]".repeat(lists));
    let large = format!("{{\"{field}\":{good},\"x\":\"{}\"}}", "x".repeat(TOO_LARGE));
    let mut all: Vec<_> = TEXTS.iter().map(|(what, text)| bad(*what, fill(text).into_bytes())).collect();
    all.push(bad("too deep", deep.into_bytes()));
    all.push(bad("no UTF-8", [b"{\"", field.as_bytes(), b"\":\"\xff\"}"].concat()));
    all.push(BadBody { is_too_large: true, ..bad("too large", large.into_bytes()) });
    all
}

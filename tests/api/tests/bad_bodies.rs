//! Bodies that every request refuses: one list for all dialects. The `bad_input` tests of each dialect assert the
//! answers.

/// The fault of each body, and the body. `FIELD` stands for a field of the dialect, `GOOD` for a value that the field
/// accepts, and `ESCAPED` for the field's name with a JSON escape in it.
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
/// One more than the number of levels that a body may have.
const TOO_DEEP: usize = 31;
/// More than the 256 KiB that a body may have.
const TOO_LARGE: usize = 257 * 1024;

/// A body that must be refused.
pub struct BadBody {
    /// The fault, in words.
    pub what: &'static str,
    pub bytes: Vec<u8>,
    /// True if only the size is wrong.
    pub is_too_large: bool,
}

/// All bad bodies with `field` as the field's name and `good`, as JSON, as a value that the field accepts.
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

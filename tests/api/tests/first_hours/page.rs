//! A page of `tests/first-hours`: commands, each followed by what came back.

use std::sync::LazyLock;

use regex::Regex;

/// A line of JSON that is longer is laid out over several, in characters.
const WIDTH: usize = 120;

/// A block of commands, and the block after it, which has what came back.
#[derive(Debug, PartialEq, Eq)]
pub struct Step {
    /// The commands, as a shell takes them.
    pub commands: String,
    /// What came back.
    pub answer: String,
    /// The lines of the page that the block with the answer takes, its fences included.
    lines: std::ops::Range<usize>,
}

/// The steps of a page. Panics if a block of commands has no block with an answer after it.
pub fn steps(page: &str) -> Vec<Step> {
    let lines: Vec<_> = page.lines().collect();
    let fenced = |from: usize| {
        let end = (from + 1..lines.len()).find(|at| lines[*at] == "```").expect("a block ends");
        (lines[from + 1..end].iter().map(|line| format!("{line}\n")).collect::<String>(), end + 1)
    };
    let mut steps = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        if lines[at] != "```sh" {
            at += 1;
            continue;
        }
        let (commands, after) = fenced(at);
        let opening = (after..lines.len()).find(|at| lines[*at].starts_with("```")).expect("an answer");
        assert!(["```text", "```json"].contains(&lines[opening]), "what came back of\n{commands}");
        let (answer, end) = fenced(opening);
        steps.push(Step { commands, answer, lines: opening..end });
        at = end;
    }
    steps
}

/// The page with these answers in place of its own.
pub fn with_answers(page: &str, answers: &[String]) -> String {
    let mut lines: Vec<_> = page.lines().map(str::to_owned).collect();
    for (step, answer) in steps(page).iter().zip(answers).rev() {
        let kind = if serde_json::from_str::<serde_json::Value>(answer).is_ok() { "json" } else { "text" };
        lines.splice(step.lines.clone(), [format!("```{kind}"), answer.trim_end().to_owned(), "```".to_owned()]);
    }
    lines.join("\n") + "\n"
}

/// What came back, as the page shows it: long lines of JSON are laid out, and nothing else is changed.
pub fn shown(output: &str) -> String {
    let line = |line: &str| match serde_json::from_str::<&serde_json::value::RawValue>(line) {
        Ok(json) => laid_out(json.get(), 0),
        Err(_) => line.trim_end().to_owned(),
    };
    let text: Vec<_> = output.trim_matches('\n').lines().map(line).collect();
    text.join("\n") + "\n"
}

/// JSON with line breaks. The order of members stays, and so does the spelling of each value.
fn laid_out(json: &str, indent: usize) -> String {
    if !json.starts_with(['{', '[']) || indent + json.chars().count() <= WIDTH {
        return json.to_owned();
    }
    let (open, close) = (&json[..1], &json[json.len() - 1..]);
    let inside = " ".repeat(indent + 2);
    let members = split(&json[1..json.len() - 1], ',').into_iter().map(|member| {
        let member = member.trim();
        match split(member, ':').as_slice() {
            [name, _, ..] if open == "{" => {
                format!("{inside}{name}: {}", laid_out(member[name.len() + 1..].trim(), indent + 2))
            }
            _ => format!("{inside}{}", laid_out(member, indent + 2)),
        }
    });
    format!("{open}\n{}\n{}{close}", members.collect::<Vec<_>>().join(",\n"), " ".repeat(indent))
}

/// The parts of JSON between the signs `at` that are neither in a string nor in an inner object or array.
fn split(json: &str, at: char) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut in_string, mut escaped) = (Vec::new(), 0, 0, false, false);
    for (place, sign) in json.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' if in_string => escaped = true,
            '"' => in_string = !in_string,
            '{' | '[' if !in_string => depth += 1,
            '}' | ']' if !in_string => depth -= 1,
            _ if sign == at && depth == 0 && !in_string => {
                parts.push(&json[begin..place]);
                begin = place + 1;
            }
            _ => {}
        }
    }
    parts.push(&json[begin..]);
    parts
}

/// What came back without what differs from one run to the next: ids, times, tokens, ports and versions.
pub fn shape(answer: &str) -> String {
    static VARIES: LazyLock<[(Regex, &str); 7]> = LazyLock::new(|| {
        [
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
            (r"[\w-]{20,}\.[\w.~-]{20,}|[\w-]{36,}", "<id>"),
            (r"(127\.0\.0\.1|localhost):\d+", "<host>"),
            (r"local-logs-\d+", "<logs>"),
            (r"\d+\.\d s", "<seconds>"),
            (r"\b\d{16}\b|\b\d{13}\b", "<version>"),
            (r"\b\d+\.\d+\.\d+\b", "<version>"),
        ]
        .map(|(pattern, name)| (Regex::new(pattern).unwrap(), name))
    });
    VARIES.iter().fold(answer.to_owned(), |text, (pattern, name)| pattern.replace_all(&text, *name).into_owned())
}

#[test]
fn a_page_is_read_and_written_by_its_blocks() {
    let page =
        "# A\n\n```sh\necho a\n```\n\nIt says:\n\n```text\nb\n```\n\nMore.\n\n```sh\necho c\n```\n```text\nd\n```\n";
    let read = steps(page);
    assert_eq!(
        read.iter().map(|step| (&*step.commands, &*step.answer)).collect::<Vec<_>>(),
        [("echo a\n", "b\n"), ("echo c\n", "d\n")]
    );
    let written = with_answers(page, &["a\n".to_owned(), "{\"c\":1}\n".to_owned()]);
    let answers: Vec<_> = steps(&written).into_iter().map(|step| step.answer).collect();
    assert_eq!(answers, ["a\n", "{\"c\":1}\n"]);
    assert!(written.contains("It says:\n\n```text\na\n```\n\nMore.") && written.contains("```json\n{"), "{written}");
}

#[test]
fn only_line_breaks_are_added_to_json() {
    let long = "x".repeat(WIDTH);
    let json = format!(r#"{{"b":"a, \" {{","a":[1.50,{{"c":"{long}"}}]}}"#);
    let text = shown(&json);
    assert_eq!(text.split_whitespace().collect::<String>(), json.replace("a, \\\" {", "a,\\\"{"));
    assert_eq!(text.lines().next(), Some("{"));
    assert!(text.contains("\n  \"b\": \"a, \\\" {\",\n"), "{text}");
    assert_eq!(shown("{\"short\":1}\nplain\n"), "{\"short\":1}\nplain\n");
}

#[test]
fn a_shape_keeps_what_every_run_says_and_nothing_else() {
    let one = r#"{"id":"123e4567-e89b-12d3-a456-426614174000","status":"sent","at":"2026-11-29T23:00:00.123Z"}"#;
    let other = r#"{"id":"6ba7b810-9dad-11d1-80b4-00c04fd430c8","status":"sent","at":"2027-01-01T00:00:00.000Z"}"#;
    assert_eq!(shape(one), shape(other));
    assert_ne!(shape(one), shape(&other.replace("sent", "skipped")));
    assert_ne!(shape(one), shape(&other.replace("\"at\"", "\"since\"")));
}

//! Replaces values that differ from run to run. An id becomes a placeholder with a number, in the order of first
//! appearance, so the same id has the same placeholder. A time becomes the name of the exchange in which it was.

use std::{collections::BTreeMap, sync::LazyLock, time::SystemTime};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use regex::{Captures, Regex};
use serde_json::{Map, Value};

/// The values that vary, each with its kind. The first kind that matches is used.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    let kinds = [
        r"(?P<link>token=[\w.~-]{20,})",
        r"(?P<token>eyJ[\w-]+\.[\w-]*\.[\w-]*)",
        r"(?P<message>\b[0-9a-f]{16}-[0-9a-f-]{36}-\d{6}\b)",
        r"(?P<iso>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)",
        r"(?P<date>[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)",
        r"\bSUBSCRIBERS#(?P<topic>[0-9a-f-]{36})#\d+",
        r"(?P<id>[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
        r"(?P<hex>\b(?:[a-z]{2,4}_)?[0-9a-f]{32,}\b)",
        r"(?P<address>`?\b[0-9a-f]{16}\b`?)",
        r"\b(?P<part>HELD|PAUSED|ERASING|ERASED|USERS|DEADLETTER|RECENT|ENDEDTOPICS|TOPIC)#\d+",
        r"(?P<port>127\.0\.0\.1:\d+)",
        r"(?P<epoch>\b1[6-9]\d{8}(?:\d{3})?\b)",
        r"(?P<word>[A-Za-z0-9_-]{40,})",
    ];
    Regex::new(&kinds.join("|")).unwrap()
});

/// The present time in milliseconds since 1970.
pub fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

/// Replaces all varying values of one file.
#[derive(Debug, Default)]
pub struct Normal {
    known: BTreeMap<(&'static str, String), usize>,
    /// The name of each part, and its start in milliseconds since 1970.
    parts: Vec<(i64, String)>,
    end: i64,
}

impl Normal {
    /// Begins a part. It lasts from `start` to `end`, both in milliseconds since 1970.
    pub fn part(&mut self, name: &str, start: i64, end: i64) {
        self.parts.push((start, name.to_owned()));
        self.end = end;
    }

    /// The value without varying values. The fields of objects are sorted by name.
    pub fn value(&mut self, value: &Value) -> Value {
        match value {
            Value::String(text) => self.text(text).into(),
            Value::Number(number) => {
                let text = number.to_string();
                let new = self.text(&text);
                if new == text { value.clone() } else { new.into() }
            }
            Value::Array(all) => all.iter().map(|one| self.value(one)).collect(),
            Value::Object(fields) => self.object(fields),
            other => other.clone(),
        }
    }

    fn object(&mut self, fields: &Map<String, Value>) -> Value {
        let sorted: BTreeMap<_, _> = fields.iter().collect();
        let mut new = Map::new();
        for (name, value) in sorted {
            let value = match (name.as_str(), value) {
                // These values are random.
                ("ClientRequestToken", Value::String(text)) => self.placeholder("token", text).into(),
                ("B", Value::String(text)) => self.placeholder("bytes", text).into(),
                _ => self.value(value),
            };
            new.insert(self.text(name), value);
        }
        new.into()
    }

    fn text(&mut self, text: &str) -> String {
        static BYTES: LazyLock<Regex> = LazyLock::new(|| Regex::new(r#"\{"B":"([^"]+)"\}"#).unwrap());
        let text = BYTES.replace_all(text, |found: &Captures<'_>| self.placeholder("bytes", &found[1]));
        let replaced = VARIABLE.replace_all(&text, |found: &Captures<'_>| {
            let whole = &found[0];
            if let Some(time) = found.name("iso") {
                return self.time(millis(time.as_str()), true);
            }
            if found.name("epoch").is_some() {
                let number: i64 = whole.parse().unwrap();
                return if whole.len() == 13 { self.time(number, true) } else { self.time(number * 1000, false) };
            }
            if found.name("date").is_some() {
                return "<date>".to_owned();
            }
            if found.name("port").is_some() {
                return "<host>".to_owned();
            }
            if let Some(list) = found.name("part") {
                return format!("{}#<part>", list.as_str());
            }
            if let Some(topic) = found.name("topic") {
                return format!("SUBSCRIBERS#{}#<part>", self.placeholder("id", topic.as_str()));
            }
            if let Some(token) = whole.strip_prefix("token=") {
                // The token begins with the user's id. Its time must not make another placeholder, or the number would
                // depend on the second in which it was made.
                let user = token.get(..20).unwrap_or(token);
                return format!("token={}", self.placeholder("link", user));
            }
            let whole = whole.trim_matches('`');
            let kind = ["token", "message", "id", "hex", "address", "word"]
                .into_iter()
                .find(|kind| found.name(kind).is_some());
            match kind {
                // About half of the letters in a random word are capital letters.
                Some("word") if whole.bytes().filter(u8::is_ascii_uppercase).count() < 4 => whole.to_owned(),
                Some("token") => self.placeholder("token", &claims(whole)),
                Some(kind) => self.placeholder(kind, whole),
                None => whole.to_owned(),
            }
        });
        replaced.into_owned()
    }

    fn placeholder(&mut self, kind: &'static str, text: &str) -> String {
        let next = self.known.keys().filter(|(known, _)| *known == kind).count() + 1;
        let number = self.known.entry((kind, text.to_owned())).or_insert(next);
        format!("<{kind} {number}>")
    }

    /// The name of the part that a time lies in, or for a future time the number of minutes until then. A time in whole
    /// seconds is too coarse to name a part.
    fn time(&self, time: i64, exact: bool) -> String {
        const SECOND: i64 = 1000;
        let slack = if exact { 0 } else { 2 * SECOND };
        if time > self.end + slack {
            // Minutes are rounded to multiples of five, so that the result is the same on a slow machine.
            let minutes = (time - self.end + 150 * SECOND) / (300 * SECOND) * 5;
            return if minutes == 0 { "<soon>".to_owned() } else { format!("<in {minutes} min>") };
        }
        let began = self.parts.first().map_or(0, |(start, _)| *start);
        match self.parts.iter().rev().find(|(start, _)| *start <= time) {
            Some((_, name)) if exact => format!("<time of: {name}>"),
            _ if !exact && time >= began - 2 * SECOND => "<a second of this run>".to_owned(),
            _ => "<before>".to_owned(),
        }
    }
}

/// The token's claims without its times, so that tokens with the same content are the same whenever they were made.
fn claims(token: &str) -> String {
    let part = token.split('.').nth(1).and_then(|part| BASE64_URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let Ok(Value::Object(mut claims)) = serde_json::from_slice(&part) else { return token.to_owned() };
    claims.retain(|name, _| name != "exp" && name != "iat");
    Value::Object(claims).to_string()
}

fn millis(iso: &str) -> i64 {
    shared::domain::Timestamp::parse(iso).map_or(0, |time| time.millis())
}

#[test]
fn the_same_is_the_same_and_another_is_another() {
    use serde_json::json;
    let mut normal = Normal::default();
    normal.part("one", 1_800_000_000_000, 1_800_000_001_000);
    normal.part("two", 1_800_000_002_000, 1_800_000_003_000);
    let ids = ["0b7f8a52-1111-4222-8333-444455556666", "0b7f8a52-1111-4222-8333-444455556667"];
    let value = json!({
        "a": format!("USER#{}", ids[0]), "b": [ids[1], ids[0]], "c": 1_800_000_000_500_i64, "d": 1_800_000_002_500_i64,
        "e": 1_800_086_403, "f": 1_700_000_000_000_i64, "g": 42, "h": "x = {\"B\":\"AAECAw==\"}", "i": {"B": "AAECAw=="},
    });
    let expected = json!({
        "a": "USER#<id 1>", "b": ["<id 2>", "<id 1>"], "c": "<time of: one>", "d": "<time of: two>",
        "e": "<in 1440 min>", "f": "<before>", "g": 42, "h": "x = <bytes 1>", "i": {"B": "<bytes 1>"},
    });
    assert_eq!(normal.value(&value), expected);
}

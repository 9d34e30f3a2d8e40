//! What people read is plain English. A test cannot know whether a sentence is a good one. It knows one that is too long, and it
//! remembers what readers have stumbled over.

use std::{fs, path::Path};

use serde_json::Value;
use shared::{domain::Reason, http::ErrorCode};

use super::document;
use crate::reasons::remedy;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// The most words of a sentence in the document.
const MAX_WORDS: usize = 40;

/// What readers have stumbled over, in small letters, each with what says it plainly.
const STUMBLED_OVER: [(&str, &str); 22] = [
    ("proves nothing", "is not valid"),
    ("still at work", "still running"),
    ("kept no longer", "no longer kept"),
    ("exclude each other", "must not be given together"),
    ("has another version than", "its version is not the one that"),
    ("what came of", "the result"),
    ("what became of", "the result"),
    ("what has become of", "the result"),
    ("how far a run is", "the progress of a run"),
    ("of before there was", "older than"),
    ("of before there were", "older than"),
    ("nobody can have away", "nobody can opt out of"),
    ("ends so.", "ends as `skipped`"),
    ("worth nothing any more", "no longer useful"),
    ("is no error", "is not an error"),
    ("is no json", "is not JSON"),
    ("is no form", "is not a form"),
    ("stands twice", "appears twice"),
    ("stand twice", "appear twice"),
    ("its letters count", "capital letters matter"),
    ("is told by", "says"),
    ("a sentence a fault", "one sentence for each fault"),
];

/// Every summary and description in the document, with the path of the object that has it.
fn described(value: &Value, path: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                match member {
                    Value::String(text) if ["summary", "description"].contains(&key.as_str()) => {
                        found.push((path.to_owned(), text.clone()));
                    }
                    _ if key.starts_with("example") => {}
                    _ => described(member, &format!("{path}/{key}"), found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| described(value, path, found)),
        _ => {}
    }
}

/// What a caller, an operator or a developer reads in an answer or in the document.
fn answers() -> Vec<(String, String)> {
    let mut found = Vec::new();
    described(&serde_json::to_value(document()).unwrap(), "openapi", &mut found);
    let reasons = Reason::ALL.iter().flat_map(|reason| {
        [reason.meaning(), remedy(*reason)].map(|text| (format!("reason {}", reason.as_str()), text.to_owned()))
    });
    let codes = ErrorCode::ALL.iter().flat_map(|code| {
        [code.title(), code.meaning(), code.remedy()].map(|text| (format!("code {}", code.as_str()), text.to_owned()))
    });
    found.extend(reasons.chain(codes));
    found
}

/// Every page of the tree for people, but the tables of results, and the history.
fn pages(folder: &Path, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            if !name.starts_with('.') && !["target", "node_modules"].contains(&name.as_str()) {
                pages(&path, found);
            }
        } else if name.ends_with(".md") && !["CHANGELOG.md", "RESULTS.md"].contains(&name.as_str()) {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path.display().to_string(), text.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
}

/// The sentences of a text. A full stop in code or in a number ends none.
fn sentences(text: &str) -> impl Iterator<Item = String> {
    let words = text.split_whitespace().collect::<Vec<_>>();
    let ends = |word: &&str| word.ends_with(['.', '!', '?']);
    words.split_inclusive(ends).map(|sentence| sentence.join(" ")).collect::<Vec<_>>().into_iter()
}

#[test]
fn nobody_reads_again_what_readers_have_stumbled_over() {
    let mut texts = answers();
    pages(Path::new(ROOT), &mut texts);
    assert!(texts.len() > 500, "{}", texts.len());
    let mut found = Vec::new();
    for (place, text) in texts {
        let text = text.to_lowercase();
        for (phrase, plain) in STUMBLED_OVER.iter().filter(|(phrase, _)| text.contains(phrase)) {
            found.push(format!("{place}: \"{phrase}\": say \"{plain}\", or what is meant"));
        }
    }
    assert_eq!(found, Vec::<String>::new());
}

#[test]
fn a_sentence_of_the_document_is_short() {
    let texts = answers();
    for (place, text) in &texts {
        // Blocks of code are not sentences, and a list has one item a line.
        let prose =
            text.split("```").step_by(2).flat_map(|part| part.split("\n- ")).flat_map(|part| part.split("\n\n"));
        for sentence in prose.flat_map(sentences) {
            let words = sentence.split(' ').count();
            assert!(words <= MAX_WORDS, "{place}: {words} words, of at most {MAX_WORDS}: {sentence}");
        }
    }
}

#[test]
fn a_sentence_ends_at_its_full_stop() {
    let text = "Send `a.b` at 1.5 a second. Then wait! Is it done? Yes";
    assert_eq!(
        sentences(text).collect::<Vec<_>>(),
        ["Send `a.b` at 1.5 a second.", "Then wait!", "Is it done?", "Yes"]
    );
}

//! Makes the texts of the pages out of the files of translators: each file in `translation/words` is a language, and a value of
//! `Translation`. If a text is missing, or is not known, it does not compile. Nothing is parsed when a function starts.

use std::{env, error::Error, fmt::Write, fs, path::PathBuf};

use serde_json::Value;

const WORDS: &str = "src/preference_center/translation/words";
/// The language of readers whose own is not there. It is the first one.
const DEFAULT: &str = "en";

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={WORDS}");
    let mut tags = Vec::new();
    for file in fs::read_dir(WORDS)? {
        let path = file?.path();
        if path.extension().is_some_and(|extension| extension == "json") {
            tags.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    tags.sort_by_key(|tag| (tag != DEFAULT, tag.clone()));
    if tags.first().is_none_or(|tag| tag != DEFAULT) {
        return Err(format!("{WORDS}/{DEFAULT}.json is missing").into());
    }
    let mut code = format!("/// Every language.\nstatic ALL: [Translation; {}] = [", tags.len());
    for tag in tags {
        let path = format!("{WORDS}/{tag}.json");
        let words: Value =
            serde_json::from_str(&fs::read_to_string(&path)?).map_err(|error| format!("{path}: {error}"))?;
        let words = words.as_object().ok_or_else(|| format!("{path} is not an object"))?;
        write!(code, "Translation {{ tag: {tag:?}, ")?;
        for (name, value) in words {
            write!(code, "{name}: ")?;
            literal(&mut code, value).ok_or_else(|| format!("{path}: {name} is neither a text nor a list of texts"))?;
            code.push_str(", ");
        }
        code.push_str("},");
    }
    code.push_str("];");
    let folder = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo names no folder")?);
    Ok(fs::write(folder.join("words.rs"), code)?)
}

fn literal(code: &mut String, value: &Value) -> Option<()> {
    match value {
        Value::String(text) => write!(code, "{text:?}").ok(),
        Value::Array(items) => {
            code.push('[');
            for item in items {
                literal(code, item)?;
                code.push_str(", ");
            }
            code.push(']');
            Some(())
        }
        _ => None,
    }
}

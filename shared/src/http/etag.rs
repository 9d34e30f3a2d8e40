//! Entity tags, and the preconditions of writes (RFC 9110 §8.8.3, §13.1.1, §13.1.2).

use lambda_http::http::{HeaderMap, HeaderName, header};

use crate::{hash::sha256_hex, store::Precondition};

/// The most tags of one `If-Match` that are read: DynamoDB compares with at most 100 values.
const MAX_TAGS: usize = 50;

/// A record's version as a strong entity tag.
pub fn of(version: u64) -> String {
    format!("\"{version}\"")
}

/// A representation's digest as a strong entity tag.
pub fn of_bytes(bytes: &[u8]) -> String {
    let mut digest = sha256_hex(bytes);
    digest.truncate(32);
    format!("\"{digest}\"")
}

/// The tags that a header lists; `None` if the header is not there. A text that is no tag equals none of ours.
pub(super) fn tags(headers: &HeaderMap, name: HeaderName) -> Option<Vec<&str>> {
    let mut values = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default()).peekable();
    values.peek()?;
    Some(values.flat_map(members).collect())
}

/// The members of a list. A comma in quotation marks belongs to its tag (RFC 9110 §8.8.3), and an empty member counts for nothing
/// (§5.6.1.2).
fn members(value: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let is_end = move |character: char| {
        is_quoted ^= character == '"';
        character == ',' && !is_quoted
    };
    value.split(is_end).map(str::trim).filter(|member| !member.is_empty())
}

/// The precondition of a write in `If-Match` and `If-None-Match`, if one of them is there. In `If-Match` a weak or foreign tag
/// matches no version. `If-None-Match` compares weakly.
pub fn precondition(headers: &HeaderMap) -> Option<Precondition> {
    match (wanted(headers), unwanted(headers)) {
        (wanted, None) => wanted,
        (None, unwanted) => unwanted,
        (Some(Precondition::Versions(mut versions)), Some(Precondition::NotVersions(others))) => {
            versions.retain(|version| !others.contains(version));
            Some(Precondition::Versions(versions))
        }
        (Some(_), Some(Precondition::NotVersions(others))) => Some(Precondition::NotVersions(others)),
        // A thing that exists and is absent.
        (Some(_), Some(_)) => Some(Precondition::Versions(Vec::new())),
    }
}

fn wanted(headers: &HeaderMap) -> Option<Precondition> {
    let tags = tags(headers, header::IF_MATCH)?;
    if tags.contains(&"*") {
        return Some(Precondition::Any);
    }
    Some(Precondition::Versions(tags.into_iter().filter_map(version).take(MAX_TAGS).collect()))
}

fn unwanted(headers: &HeaderMap) -> Option<Precondition> {
    let tags = tags(headers, header::IF_NONE_MATCH)?;
    if tags.contains(&"*") {
        return Some(Precondition::Absent);
    }
    let opaque: Vec<_> = tags.into_iter().map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).collect();
    // What cannot be read is met by nothing: who sends a precondition wants nothing done without it.
    if opaque.is_empty() || !opaque.iter().all(|tag| is_readable(tag)) {
        return Some(Precondition::Versions(Vec::new()));
    }
    let versions: Vec<_> = opaque.into_iter().filter_map(version).take(MAX_TAGS).collect();
    // No foreign tag is ours, so nothing is demanded.
    (!versions.is_empty()).then_some(Precondition::NotVersions(versions))
}

/// Whether a text without `W/` is a tag, ours or a foreign one.
fn is_readable(tag: &str) -> bool {
    tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).is_some_and(|inner| !inner.contains('"'))
}

/// The version that a tag stands for. Only [`of`]'s own text is a version: `"+9"` and `"09"` are none.
fn version(tag: &str) -> Option<u64> {
    let version = tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok()?;
    (of(version) == tag).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_header(value: &str) -> Option<Precondition> {
        let mut headers = HeaderMap::new();
        headers.insert("if-match", value.parse().unwrap());
        precondition(&headers)
    }

    #[test]
    fn if_match_names_versions() {
        assert_eq!(precondition(&HeaderMap::new()), None);
        assert_eq!(of_header("*"), Some(Precondition::Any));
        assert_eq!(of_header(&of(7)), Some(Precondition::Versions(vec![7])));
        assert_eq!(of_header("\"7\", \"8\""), Some(Precondition::Versions(vec![7, 8])));
        assert_eq!(of_header(",\"a,9\" , , \"7\","), Some(Precondition::Versions(vec![7])));
        for none in ["W/\"7\", \"x\"", "\"+9\"", "\"09\"", "\"-0\"", "\" 9\"", "9", "\"18446744073709551616\""] {
            assert_eq!(of_header(none), Some(Precondition::Versions(vec![])), "{none}");
        }
    }

    #[test]
    fn if_none_match_wants_nothing_there_or_another_version() {
        let of = |pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.append(*name, value.parse().unwrap());
            }
            precondition(&headers)
        };
        let none = |value| of(&[("if-none-match", value)]);
        assert_eq!(none("*"), Some(Precondition::Absent));
        assert_eq!(none("\"7\", W/\"8\", \"+9\""), Some(Precondition::NotVersions(vec![7, 8])));
        for foreign in ["\"x\"", "\"\"", "\"a,7\"", "W/\"a, \\\"", "\"x\",", " , \"x\",, W/\"y\""] {
            assert_eq!(none(foreign), None, "{foreign}");
        }
        assert_eq!(none(",\"7\","), Some(Precondition::NotVersions(vec![7])));
        assert_eq!(of(&[("if-none-match", "\"7\""), ("if-none-match", "")]), Some(Precondition::NotVersions(vec![7])));
        for unreadable in ["{}", "7", "\"7", "\"", "", " , ,", "\"7\", x", "W/", "w/\"7\"", "\"x\"y\"z\"", "\"x, \"7\""]
        {
            assert_eq!(none(unreadable), Some(Precondition::Versions(vec![])), "{unreadable}");
        }
        let both = |wanted, unwanted| of(&[("if-match", wanted), ("if-none-match", unwanted)]);
        assert_eq!(both("\"7\", \"8\"", "\"8\""), Some(Precondition::Versions(vec![7])));
        assert_eq!(both("*", "\"8\""), Some(Precondition::NotVersions(vec![8])));
        assert_eq!(both("*", "*"), Some(Precondition::Versions(vec![])));
        assert_eq!(both("\"7\"", "*"), Some(Precondition::Versions(vec![])));
    }
}

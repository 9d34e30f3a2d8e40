//! Entity tags and `If-Match` (RFC 9110 §8.8.3, §13.1.1).

use lambda_http::http::HeaderMap;

use crate::store::Precondition;

/// The most tags of one `If-Match` that are read: DynamoDB compares with at most 100 values.
const MAX_TAGS: usize = 50;

/// A record's version as a strong entity tag.
pub fn of(version: u64) -> String {
    format!("\"{version}\"")
}

/// The precondition in `If-Match`, if the header is there. A weak or foreign tag matches no version.
pub fn precondition(headers: &HeaderMap) -> Option<Precondition> {
    let mut values = headers.get_all("if-match").iter().map(|value| value.to_str().unwrap_or_default()).peekable();
    values.peek()?;
    let tags: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
    if tags.contains(&"*") {
        return Some(Precondition::Any);
    }
    let version = |tag: &&str| tag.strip_prefix('"')?.strip_suffix('"')?.parse().ok();
    Some(Precondition::Versions(tags.iter().filter_map(version).take(MAX_TAGS).collect()))
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
        assert_eq!(of_header("W/\"7\", \"x\""), Some(Precondition::Versions(vec![])));
    }
}

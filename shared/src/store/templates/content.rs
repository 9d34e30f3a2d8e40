//! What a template says: how it is stored, and its limits.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    domain::{display::language, exact},
    render::{MAX_LOCALES, Parts},
    store::{
        Condition, Precondition, StoreError, number,
        table::{self, Key},
    },
};

/// The most bytes of JSON of all locales together. An answer holds a whole template, and an answer of Lambda has at
/// most 6 MB.
pub(super) const MAX_BYTES: usize = 1024 * 1024;
/// The most bytes of one item of a text that is kept whole. DynamoDB's items have at most 400 KB
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const MAX_TEXT: usize = 300_000;
/// The most rounds of a change, if other changes are faster.
pub(super) const MAX_ROUNDS: u32 = 8;

/// The parts of a template by locale.
pub(super) type Locales = BTreeMap<String, Parts>;

/// Why a template was not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is no such template, draft or locale.
    #[error("there is no such template, draft or locale")]
    NotFound,
    /// That version of the template is not kept.
    #[error("there is no such version of the template")]
    NoVersion,
    /// `If-Match` names another version.
    #[error("the template has changed since it was read")]
    Stale,
    /// Another version was published since the draft was begun.
    #[error("another version was published since the draft was begun")]
    Outdated,
    /// The template would have more locales than it may have.
    #[error("a template has at most {MAX_LOCALES} locales")]
    TooManyLocales,
    /// The locales together would be larger than an answer may be.
    #[error("a template's locales must not be larger than 1 MiB together")]
    TooLarge,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Whether the precondition is met by a thing of that version, or by nothing. `is_there` tells whether what is there has what the
/// request names: the version of a locale is that of its template.
pub(super) fn meets(demanded: Option<&Precondition>, version: Option<u64>, is_there: bool) -> bool {
    demanded.is_none_or(|demanded| match (version, demanded) {
        (Some(_), Precondition::Absent) => !is_there,
        (Some(version), demanded) => demanded.holds(version),
        (None, demanded) => demanded.holds_for_nothing(),
    })
}

/// The head of a template, or the record of a draft, is still of the version that was read, or still not there.
pub(super) fn still(version: Option<u64>) -> Condition {
    match version {
        Some(version) => Condition::Equals(table::VERSION.into(), number(version)),
        None => Condition::Missing(table::PK.into()),
    }
}

/// Others were faster in every round.
pub(super) fn contested() -> TemplateError {
    StoreError::Unavailable("others keep changing this template".into()).into()
}

/// Locales by their canonical tags. One may be stored under a tag that was once taken and is not canonical: `iw` for `he`. Where both
/// are stored, the canonical one is later, and wins.
pub(super) fn preferred(stored: Locales) -> Locales {
    let (canonical, old): (Locales, Locales) =
        stored.into_iter().partition(|(tag, _)| language::preferred(tag) == *tag);
    let old = old.into_iter().map(|(tag, parts)| (language::preferred(&tag), parts));
    old.chain(canonical).collect()
}

/// A part of the JSON of all locales. A whole template may be larger than an item may be.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct TextItem {
    pub pk: String,
    pub sk: String,
    /// The version that it is of.
    pub version: u64,
    pub text: String,
}

/// The items of the JSON of all locales. `key` is the key of the item of that number.
pub(super) fn texts(
    locales: &Locales,
    version: u64,
    key: impl Fn(usize) -> Key,
) -> Result<Vec<TextItem>, TemplateError> {
    let json = serde_json::to_string(locales).map_err(|_| malformed())?;
    let mut rest = json.as_str();
    let mut items = Vec::new();
    while !rest.is_empty() {
        let (text, after) = rest.split_at(rest.floor_char_boundary(MAX_TEXT));
        let Key { pk, sk } = key(items.len());
        items.push(TextItem { pk, sk, version, text: text.to_owned() });
        rest = after;
    }
    Ok(items)
}

/// The locales whose JSON these items hold, in order.
pub(super) fn joined<'a>(texts: impl Iterator<Item = &'a TextItem>) -> Result<Locales, StoreError> {
    let json: String = texts.map(|item| item.text.as_str()).collect();
    // Read as text first: the numbers in Slack's blocks keep their digits.
    exact::stored(&json).map(preferred).map_err(|_| malformed())
}

pub(super) fn malformed() -> StoreError {
    StoreError::Malformed("a template".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Parts {
        serde_json::from_value(serde_json::json!({"sms": {"text": text}})).unwrap()
    }

    #[test]
    fn a_locale_under_an_old_tag_is_found_under_the_canonical_one() {
        let locales = |all: &[(&str, &str)]| all.iter().map(|(tag, text)| ((*tag).to_owned(), said(text))).collect();
        let read = |all: &[(&str, &str)]| preferred(locales(all));
        assert_eq!(read(&[("default", "d"), ("iw", "old")]), locales(&[("default", "d"), ("he", "old")]));
        assert_eq!(read(&[("he", "new"), ("iw", "old")]), locales(&[("he", "new")]), "the later one wins");
    }

    #[test]
    fn a_template_of_any_size_stands_in_items_that_fit_and_is_read_from_them() {
        let locale = |index: usize| (format!("de-{index:02}"), said(&"ä€😀".repeat(2500 + index)));
        let large: Locales = (0..40).map(locale).collect();
        let items = texts(&large, 7, |part| Key::template_draft_text("a", part)).unwrap();
        assert_eq!(items.len(), 4);
        assert!(items.iter().all(|item| item.text.len() <= MAX_TEXT && item.version == 7));
        assert_eq!((items[3].pk.as_str(), items[3].sk.as_str()), ("TEMPLATEHISTORY#a", "DRAFT#3"));
        assert_eq!(joined(items.iter()).unwrap(), large);
        assert!(joined(items.iter().take(3)).is_err());
    }

    #[test]
    fn a_precondition_of_a_locale_is_about_the_version_of_its_template() {
        let absent = Some(&Precondition::Absent);
        assert!(meets(absent, Some(3), false) && meets(absent, None, false) && !meets(absent, Some(3), true));
        let third = Precondition::Versions(vec![3]);
        assert!(meets(Some(&third), Some(3), false) && !meets(Some(&third), Some(4), true));
        assert!(!meets(Some(&third), None, false) && meets(None, None, false));
    }
}

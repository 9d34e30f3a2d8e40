//! Templates. Each locale is one item. One more item, the head, has the version, which rises with every change.
//!
//! A change first reads the template and computes the new one. Then it writes it in one transaction, on the condition
//! that the head has not changed since the read. So two changes at once never mix: the second one is refused and begins
//! again.

use std::collections::BTreeMap;

use super::{
    Condition, Item, Key, Precondition, Store, StoreError, number,
    reads::{KeyRange, text},
    retry, string, table,
    transaction::Cancelled,
    walk::Walk,
};
use crate::{
    domain::{Timestamp, display::language, exact},
    render::{MAX_LOCALES, Parts, Template},
};

/// The attribute with a locale's parts, as JSON text.
const PARTS: &str = "parts";
/// The most rounds of a change, if other changes are faster.
const MAX_ROUNDS: u32 = 8;
/// The most bytes of JSON of all locales together. An answer holds a whole template, and an answer of Lambda has at
/// most 6 MB.
const MAX_BYTES: usize = 1024 * 1024;

/// A template as stored.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredTemplate {
    /// The template. It has at least one locale.
    pub template: Template,
    /// The version rises with every change, also when the template is deleted and written again.
    pub version: u64,
}

/// Why a template was not changed. Nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// There is no such template, or no such locale of it.
    #[error("there is no such template or locale")]
    NotFound,
    /// `If-Match` names another version.
    #[error("the template has changed since it was read")]
    Stale,
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

type Locales = BTreeMap<String, Parts>;

impl Store {
    /// A template with all of its locales, in one call.
    pub async fn template(&self, code: &str) -> Result<Option<StoredTemplate>, StoreError> {
        let Some((locales, version)) = self.template_items(code).await? else { return Ok(None) };
        let template = Template { code: code.to_owned(), locales: preferred(locales) };
        Ok(Some(StoredTemplate { template, version }))
    }

    /// A template's locales, by the tags under which they are stored, and its version.
    async fn template_items(&self, code: &str) -> Result<Option<(Locales, u64)>, StoreError> {
        let items = self.partition(&table::template_pk(code)).await?;
        let (mut version, mut locales) = (None, Locales::new());
        for item in items {
            let sk = item.get(table::SK).and_then(|sk| sk.as_s().ok()).map(String::as_str).unwrap_or_default();
            match sk.strip_prefix(table::LOCALE_PREFIX) {
                Some(tag) => drop(locales.insert(tag.to_owned(), parts(&item)?)),
                None => version = Some(number_of(&item)?),
            }
        }
        Ok(version.map(|version| (locales, version)))
    }

    /// The codes of all templates, in order. If `after` is given, only codes after it. A change of the table reaches the index a
    /// moment later.
    pub fn template_codes(&self, after: Option<&str>, limit: usize) -> Walk<'_, String> {
        // One more tells whether there are more, and one is `after` itself.
        let range = KeyRange::timeline(table::TEMPLATES).after(after);
        self.walk(range, limit.saturating_add(2), |item| Ok(text(&item, table::AT).unwrap_or_default().to_owned()))
    }

    /// Replaces a whole template: stored locales that `template` does not have are removed. Returns the stored
    /// template, and whether the template is new.
    pub async fn put_template(
        &self,
        template: &Template,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(StoredTemplate, bool), TemplateError> {
        let whole = |_: &Locales| true;
        self.change_template(&template.code, precondition, whole, now, |_| Ok(template.locales.clone())).await
    }

    /// Writes one locale of a template. Returns the stored template, and whether the locale is new.
    pub async fn put_template_locale(
        &self,
        code: &str,
        tag: &str,
        parts: &Parts,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(StoredTemplate, bool), TemplateError> {
        let mut is_new = false;
        let add = |mut locales: Locales| {
            is_new = locales.insert(tag.to_owned(), parts.clone()).is_none();
            if locales.len() > MAX_LOCALES { Err(TemplateError::TooManyLocales) } else { Ok(locales) }
        };
        let named = |locales: &Locales| locales.contains_key(tag);
        let (stored, _) = self.change_template(code, precondition, named, now, add).await?;
        Ok((stored, is_new))
    }

    /// Removes a template.
    pub async fn delete_template(
        &self,
        code: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), TemplateError> {
        let none =
            |locales: Locales| if locales.is_empty() { Err(TemplateError::NotFound) } else { Ok(Locales::new()) };
        self.change_template(code, precondition, |_| true, now, none).await.map(drop)
    }

    /// Removes one locale. If it is the last one, the template is removed.
    pub async fn delete_template_locale(
        &self,
        code: &str,
        tag: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), TemplateError> {
        let without = |mut locales: Locales| locales.remove(tag).map(|_| locales).ok_or(TemplateError::NotFound);
        let named = |locales: &Locales| locales.contains_key(tag);
        self.change_template(code, precondition, named, now, without).await.map(drop)
    }

    /// Calls `change` with the stored locales and writes the result. `is_there` tells whether an existing template has what the
    /// request names. Returns the stored template, and whether there was no template before.
    async fn change_template(
        &self,
        code: &str,
        precondition: Option<&Precondition>,
        is_there: impl Fn(&Locales) -> bool,
        now: Timestamp,
        mut change: impl FnMut(Locales) -> Result<Locales, TemplateError>,
    ) -> Result<(StoredTemplate, bool), TemplateError> {
        for round in 0..MAX_ROUNDS {
            if round > 0 {
                retry::pause(round, &self.clock, &self.random).await;
            }
            let seen = self.template_items(code).await?;
            let (old, seen) = seen.map_or((Locales::new(), None), |(locales, version)| (locales, Some(version)));
            let known = preferred(old.clone());
            let is_met = |demanded: &Precondition| match (seen, demanded) {
                (Some(_), Precondition::Absent) => !is_there(&known),
                // The version of a locale is that of its template.
                (Some(version), demanded) => demanded.holds(version),
                (None, demanded) => demanded.holds_for_nothing(),
            };
            let is_met = precondition.is_none_or(is_met);
            let locales = change(known)?;
            if !is_met {
                return Err(TemplateError::Stale);
            }
            let version = match &seen {
                Some(version) => version + 1,
                // A caller may still know the version of a deleted template. That version must not match the new
                // template.
                None => u64::try_from(now.millis()).unwrap_or(1),
            };
            let unchanged = match &seen {
                Some(version) => Condition::Equals(table::VERSION.into(), number(*version)),
                None => Condition::Missing(table::PK.into()),
            };
            let mut parts = vec![if locales.is_empty() {
                self.delete_part(&Key::template(code), Some(&unchanged))?
            } else {
                self.put_part(head(code, version), Some(&unchanged))?
            }];
            let mut bytes = 0;
            for (tag, said) in &locales {
                let item = locale(code, tag, said)?;
                bytes += item.get(PARTS).and_then(|parts| parts.as_s().ok()).map_or(0, String::len);
                if old.get(tag) != Some(said) {
                    parts.push(self.put_part(item, None)?);
                }
            }
            if bytes > MAX_BYTES {
                return Err(TemplateError::TooLarge);
            }
            for tag in old.keys().filter(|tag| !locales.contains_key(*tag)) {
                parts.push(self.delete_part(&Key::template_locale(code, tag), None)?);
            }
            match self.transact(parts).await? {
                Ok(()) => {
                    let template = Template { code: code.to_owned(), locales };
                    return Ok((StoredTemplate { template, version }, seen.is_none()));
                }
                Err(Cancelled::Part(_) | Cancelled::Conflict) => {}
            }
        }
        Err(StoreError::Unavailable("others keep changing this template".into()).into())
    }
}

/// Locales by their canonical tags. One may be stored under a tag that was once taken and is not canonical: `iw` for `he`. Where both
/// are stored, the canonical one is later, and wins.
fn preferred(stored: Locales) -> Locales {
    let (canonical, old): (Locales, Locales) =
        stored.into_iter().partition(|(tag, _)| language::preferred(tag) == *tag);
    let old = old.into_iter().map(|(tag, parts)| (language::preferred(&tag), parts));
    old.chain(canonical).collect()
}

fn head(code: &str, version: u64) -> Item {
    let mut item = Key::template(code).attributes();
    item.insert(table::OWNER.into(), string(table::TEMPLATES));
    item.insert(table::AT.into(), string(code));
    item.insert(table::VERSION.into(), number(version));
    item
}

fn locale(code: &str, tag: &str, parts: &Parts) -> Result<Item, StoreError> {
    let mut item = Key::template_locale(code, tag).attributes();
    let json = serde_json::to_string(parts).map_err(|_| malformed())?;
    item.insert(PARTS.into(), string(json));
    Ok(item)
}

fn parts(item: &Item) -> Result<Parts, StoreError> {
    let json = item.get(PARTS).and_then(|parts| parts.as_s().ok()).ok_or_else(malformed)?;
    exact::stored(json).map_err(|_| malformed())
}

fn number_of(item: &Item) -> Result<u64, StoreError> {
    let version = item.get(table::VERSION).and_then(|version| version.as_n().ok()?.parse().ok());
    version.ok_or_else(malformed)
}

fn malformed() -> StoreError {
    StoreError::Malformed("a template".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn a_template_as_it_was_once_written_is_read_and_written() {
        assert_eq!(number_of(&stored::item("template_head")).unwrap(), 1_795_891_836_558);
        assert_eq!(head("order", 1_795_891_836_558), stored::item("template_head"));
        let text = "It arrives {% if express %}tomorrow{% endif %}.";
        let expected: Parts = serde_json::from_value(serde_json::json!({
            "email": {"subject": "S", "text": text}, "push": {"title": "T", "body": "B"},
        }))
        .unwrap();
        assert_eq!(parts(&stored::item("template_locale")).unwrap(), expected);
        assert_eq!(locale("order", "de", &expected).unwrap(), stored::item("template_locale"));
    }

    #[test]
    fn a_locale_under_an_old_tag_is_found_under_the_canonical_one() {
        let said = |text: &str| serde_json::from_value::<Parts>(serde_json::json!({"sms": {"text": text}})).unwrap();
        let locales = |all: &[(&str, &str)]| all.iter().map(|(tag, text)| ((*tag).to_owned(), said(text))).collect();
        let read = |all: &[(&str, &str)]| preferred(locales(all));
        assert_eq!(read(&[("default", "d"), ("iw", "old")]), locales(&[("default", "d"), ("he", "old")]));
        assert_eq!(read(&[("he", "new"), ("iw", "old")]), locales(&[("he", "new")]), "the later one wins");
    }
}

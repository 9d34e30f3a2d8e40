//! The published template: reads, and changes that are published at once.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::{FutureExt, StreamExt, TryStreamExt, future::BoxFuture};

use super::{
    content::{Locales, MAX_BYTES, MAX_ROUNDS, TemplateError, contested, malformed, meets, preferred, still},
    history::{KeptVersion, kept},
};
use crate::{
    domain::{Timestamp, exact},
    render::{MAX_LOCALES, Parts, Template, VersionedTemplate},
    store::{
        Item, Precondition, Store, StoreError, number,
        reads::{KeyRange, PARALLEL, text},
        retry, string,
        table::{self, Key},
        transaction::Cancelled,
        walk::{Found, Walk},
    },
};

/// The attribute with a locale's parts, as JSON text.
const PARTS: &str = "parts";
/// The attribute with the first version since the template was last created.
const SINCE: &str = "since";
/// The attribute with the time at which the version was published.
const PUBLISHED_AT: &str = "published_at_millis";

/// What a write has made of a template or a draft.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenTemplate {
    /// It, as it is now.
    pub now: VersionedTemplate,
    /// Whether what the request names was not there before.
    pub is_new: bool,
    /// Whether it said something else before, or nothing. If not, nothing was written.
    pub is_changed: bool,
}

/// The head of a template.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head {
    pub version: u64,
    /// The first version since the template was last created. 0: it is older than the history.
    pub since: u64,
    pub published_at: Option<i64>,
}

/// A template as a change has read it.
#[derive(Clone, Debug, Default)]
pub(super) struct Seen {
    /// The locales by the tags under which they are stored.
    stored: Locales,
    pub head: Option<Head>,
}

impl Seen {
    pub fn locales(&self) -> Locales {
        preferred(self.stored.clone())
    }

    pub fn version(&self) -> Option<u64> {
        self.head.map(|head| head.version)
    }
}

impl Store {
    /// A template with all of its locales, in one call.
    pub async fn template(&self, code: &str) -> Result<Option<VersionedTemplate>, StoreError> {
        let seen = self.seen_template(code).await?;
        Ok(seen.version().map(|version| versioned(code, seen.locales(), version)))
    }

    pub(super) async fn seen_template(&self, code: &str) -> Result<Seen, StoreError> {
        for round in 0..MAX_ROUNDS {
            self.pause_before(round).await;
            let pages = self.partition_pages(&table::template_pk(code)).await?;
            let is_one = pages.len() <= 1;
            let mut seen = Seen::default();
            for item in pages.into_iter().flatten() {
                match text(&item, table::SK).unwrap_or_default().strip_prefix(table::LOCALE_PREFIX) {
                    Some(tag) => drop(seen.stored.insert(tag.to_owned(), parts(&item)?)),
                    None => seen.head = Some(head_of(&item)?),
                }
            }
            // The locales of a later page may be of a later version than the head, which is on the first one.
            if is_one || self.get(&Key::template(code)).await?.as_ref().map(head_of).transpose()? == seen.head {
                return Ok(seen);
            }
        }
        Err(StoreError::Unavailable("others keep changing this template".into()))
    }

    /// The codes of all templates, in order. If `after` is given, only codes after it. A change of the table reaches the index a
    /// moment later.
    pub fn template_codes(&self, after: Option<&str>, limit: usize) -> Walk<'_, String> {
        self.codes_of(table::TEMPLATES, after, limit)
    }

    /// The templates in the order of their codes. One that is deleted meanwhile is left out.
    pub fn templates(&self, after: Option<&str>, limit: usize) -> Walk<'_, VersionedTemplate> {
        each(self.template_codes(after, limit), move |code| async move { self.template(&code).await }.boxed())
    }

    pub(super) fn codes_of(&self, owner: &'static str, after: Option<&str>, limit: usize) -> Walk<'_, String> {
        // One more tells whether there are more, and one is `after` itself.
        let range = KeyRange::timeline(owner).after(after);
        self.walk(range, limit.saturating_add(2), |item| Ok(text(&item, table::AT).unwrap_or_default().to_owned()))
    }

    /// Replaces a whole template: stored locales that `template` does not have are removed.
    pub async fn put_template(
        &self,
        template: &Template,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<WrittenTemplate, TemplateError> {
        let whole = |_: &Locales| true;
        self.change_template(&template.code, precondition, whole, now, |_| Ok(template.locales.clone())).await
    }

    /// Writes one locale of a template. It is new if the template did not have that locale.
    pub async fn put_template_locale(
        &self,
        code: &str,
        tag: &str,
        parts: &Parts,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<WrittenTemplate, TemplateError> {
        let mut is_new = false;
        let add = |mut locales: Locales| {
            is_new = locales.insert(tag.to_owned(), parts.clone()).is_none();
            if locales.len() > MAX_LOCALES { Err(TemplateError::TooManyLocales) } else { Ok(locales) }
        };
        let named = |locales: &Locales| locales.contains_key(tag);
        let written = self.change_template(code, precondition, named, now, add).await?;
        Ok(WrittenTemplate { is_new, ..written })
    }

    /// Removes a template, with its draft and its versions. Where there is none, it still removes what a deletion has left that did not
    /// come to its end.
    pub async fn delete_template(
        &self,
        code: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), TemplateError> {
        let none =
            |locales: Locales| if locales.is_empty() { Err(TemplateError::NotFound) } else { Ok(Locales::new()) };
        let deleted = self.change_template(code, precondition, |_| true, now, none).await.map(drop);
        if let Err(TemplateError::NotFound) = deleted {
            self.tidy_deleted(code).await;
        }
        deleted
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

    /// The versions of a template that are kept, the latest first: the published one, and at most nine that it has replaced. `None`:
    /// there is no such template.
    pub async fn template_versions(&self, code: &str) -> Result<Option<Vec<KeptVersion>>, StoreError> {
        let seen = self.seen_template(code).await?;
        let Some(head) = seen.head else { return Ok(None) };
        let published = KeptVersion {
            version: head.version,
            is_published: true,
            published_at: head.published_at.map(Timestamp::from_millis),
            locales: seen.locales().into_keys().collect(),
        };
        let before = self.kept_versions(code, head.since, head.version).await?;
        Ok(Some([published].into_iter().chain(before.into_iter().map(KeptVersion::from)).collect()))
    }

    /// A version of a template that is kept.
    pub async fn template_version(&self, code: &str, version: u64) -> Result<VersionedTemplate, TemplateError> {
        let seen = self.seen_template(code).await?;
        let locales = self.locales_of(code, &seen, version).await?;
        Ok(versioned(code, locales, version))
    }

    /// Publishes a kept version once more, as a new version.
    pub async fn roll_back_template(
        &self,
        code: &str,
        version: u64,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<WrittenTemplate, TemplateError> {
        for round in 0..MAX_ROUNDS {
            self.pause_before(round).await;
            let seen = self.seen_template(code).await?;
            let locales = self.locales_of(code, &seen, version).await?;
            if !meets(precondition, seen.version(), true) {
                return Err(TemplateError::Stale);
            }
            if let Some(written) = self.publish(code, &seen, locales, Vec::new(), now).await? {
                return Ok(written);
            }
        }
        Err(contested())
    }

    /// What a kept version says.
    async fn locales_of(&self, code: &str, seen: &Seen, version: u64) -> Result<Locales, TemplateError> {
        let head = seen.head.ok_or(TemplateError::NotFound)?;
        if version == head.version {
            return Ok(seen.locales());
        }
        let kept = self.kept_versions(code, head.since, head.version).await?;
        let kept = kept.iter().find(|kept| kept.version() == version).ok_or(TemplateError::NoVersion)?;
        self.kept_locales(code, kept).await?.ok_or(TemplateError::NoVersion)
    }

    pub(super) async fn pause_before(&self, round: u32) {
        if round > 0 {
            retry::pause(round, &self.clock, &self.random).await;
        }
    }

    /// Calls `change` with the stored locales and publishes the result. `is_there` tells whether an existing template has what the
    /// request names. It is new if there was no template before.
    async fn change_template(
        &self,
        code: &str,
        precondition: Option<&Precondition>,
        is_there: impl Fn(&Locales) -> bool,
        now: Timestamp,
        mut change: impl FnMut(Locales) -> Result<Locales, TemplateError>,
    ) -> Result<WrittenTemplate, TemplateError> {
        for round in 0..MAX_ROUNDS {
            self.pause_before(round).await;
            let seen = self.seen_template(code).await?;
            let known = seen.locales();
            let is_met = meets(precondition, seen.version(), is_there(&known));
            let locales = change(known)?;
            if !is_met {
                return Err(TemplateError::Stale);
            }
            if let Some(written) = self.publish(code, &seen, locales, Vec::new(), now).await? {
                return Ok(written);
            }
        }
        Err(contested())
    }

    /// Publishes these locales in place of what was seen, keeps what they replace, and does `more` in the same transaction. `None`:
    /// somebody else was faster, and nothing was written. Without locales the template is removed. Where they are what was seen, there
    /// is no new version.
    pub(super) async fn publish(
        &self,
        code: &str,
        seen: &Seen,
        locales: Locales,
        more: Vec<TransactWriteItem>,
        now: Timestamp,
    ) -> Result<Option<WrittenTemplate>, TemplateError> {
        let is_changed = seen.head.is_none() || seen.locales() != locales;
        let head = match seen.head {
            Some(head) if !is_changed => head,
            Some(head) => Head { version: head.version + 1, published_at: Some(now.millis()), ..head },
            // A caller may still know the version of a deleted template. That version must not match the new template.
            None => {
                let version = u64::try_from(now.millis()).unwrap_or(1);
                Head { version, since: version, published_at: Some(now.millis()) }
            }
        };
        let written = |locales| WrittenTemplate {
            now: versioned(code, locales, head.version),
            is_new: seen.head.is_none(),
            is_changed,
        };
        if !is_changed && more.is_empty() {
            return Ok(Some(written(locales)));
        }
        let unchanged = still(seen.version());
        let mut parts = vec![if locales.is_empty() {
            self.delete_part(&Key::template(code), Some(&unchanged))?
        } else {
            self.put_part(item_of(code, head), Some(&unchanged))?
        }];
        if is_changed {
            parts.extend(self.locale_parts(code, seen, &locales)?);
        }
        if let (Some(replaced), true, false) = (seen.head, is_changed, locales.is_empty()) {
            for item in kept(code, replaced.version, replaced.published_at, &seen.locales())? {
                parts.push(self.put_part(item, None)?);
            }
        }
        parts.extend(more);
        if locales.is_empty() {
            let unchanged = still(self.draft_version(code).await?);
            parts.push(self.delete_part(&Key::template_draft(code), Some(&unchanged))?);
        }
        match self.transact(parts).await? {
            Ok(()) if locales.is_empty() => self.tidy_deleted(code).await,
            Ok(()) if is_changed => {
                self.tidy_history(code, head.since, head.version).await;
                if seen.head.is_none() {
                    self.tidy_draft_texts(code).await;
                }
            }
            Ok(()) => {}
            Err(Cancelled::Part(_) | Cancelled::Conflict) => return Ok(None),
        }
        Ok(Some(written(locales)))
    }

    /// The parts of a transaction that write the locales that differ from what was seen.
    fn locale_parts(
        &self,
        code: &str,
        seen: &Seen,
        locales: &Locales,
    ) -> Result<Vec<TransactWriteItem>, TemplateError> {
        let (mut parts, mut bytes) = (Vec::new(), 0);
        for (tag, said) in locales {
            let item = locale(code, tag, said)?;
            bytes += text(&item, PARTS).map_or(0, str::len);
            if seen.stored.get(tag) != Some(said) {
                parts.push(self.put_part(item, None)?);
            }
        }
        if bytes > MAX_BYTES {
            return Err(TemplateError::TooLarge);
        }
        for tag in seen.stored.keys().filter(|tag| !locales.contains_key(*tag)) {
            parts.push(self.delete_part(&Key::template_locale(code, tag), None)?);
        }
        Ok(parts)
    }
}

/// What is read for each code. What is gone meanwhile is left out.
pub(super) fn each<'a>(
    codes: Walk<'a, String>,
    read: impl Fn(String) -> BoxFuture<'a, Result<Option<VersionedTemplate>, StoreError>> + Send + 'a,
) -> Walk<'a, VersionedTemplate> {
    let whole = codes.map_ok(move |Found { place, item, is_followed }| {
        let item = item.map(&read);
        async move {
            let item = match item {
                Some(item) => item.await?,
                None => None,
            };
            Ok(Found { place, item, is_followed })
        }
    });
    whole.try_buffered(PARALLEL).boxed()
}

pub(super) fn versioned(code: &str, locales: Locales, version: u64) -> VersionedTemplate {
    VersionedTemplate { template: Template { code: code.to_owned(), locales }, version }
}

/// The bytes of JSON of all locales together, which are limited.
pub(super) fn within_limits(locales: &Locales) -> Result<(), TemplateError> {
    let bytes = |said: &Parts| serde_json::to_string(said).map(|json| json.len()).map_err(|_| malformed());
    let bytes: usize = locales.values().map(bytes).sum::<Result<_, _>>()?;
    if bytes > MAX_BYTES { Err(TemplateError::TooLarge) } else { Ok(()) }
}

fn item_of(code: &str, head: Head) -> Item {
    let mut item = Key::template(code).attributes();
    item.insert(table::OWNER.into(), string(table::TEMPLATES));
    item.insert(table::AT.into(), string(code));
    item.insert(table::VERSION.into(), number(head.version));
    item.insert(SINCE.into(), number(head.since));
    item.extend(head.published_at.map(|at| (PUBLISHED_AT.to_owned(), number(at))));
    item
}

fn head_of(item: &Item) -> Result<Head, StoreError> {
    let number = |name: &str| item.get(name).and_then(|value| value.as_n().ok());
    let version = number(table::VERSION).and_then(|version| version.parse().ok()).ok_or_else(malformed)?;
    let since = number(SINCE).and_then(|since| since.parse().ok()).unwrap_or_default();
    Ok(Head { version, since, published_at: number(PUBLISHED_AT).and_then(|at| at.parse().ok()) })
}

fn locale(code: &str, tag: &str, parts: &Parts) -> Result<Item, StoreError> {
    let mut item = Key::template_locale(code, tag).attributes();
    let json = serde_json::to_string(parts).map_err(|_| malformed())?;
    item.insert(PARTS.into(), string(json));
    Ok(item)
}

fn parts(item: &Item) -> Result<Parts, StoreError> {
    exact::stored(text(item, PARTS).ok_or_else(malformed)?).map_err(|_| malformed())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn a_template_as_it_was_once_written_is_read_and_written() {
        let version = 1_795_891_836_558;
        let old = Head { version, since: 0, published_at: None };
        assert_eq!(head_of(&stored::item("template_head")).unwrap(), old);
        let text = "It arrives {% if express %}tomorrow{% endif %}.";
        let expected: Parts = serde_json::from_value(serde_json::json!({
            "email": {"subject": "S", "text": text}, "push": {"title": "T", "body": "B"},
        }))
        .unwrap();
        assert_eq!(parts(&stored::item("template_locale")).unwrap(), expected);
        assert_eq!(locale("order", "de", &expected).unwrap(), stored::item("template_locale"));
        let head = Head { version: version + 3, since: version, published_at: Some(1_795_891_901_204) };
        assert_eq!(head_of(&stored::item("template_head_with_history")).unwrap(), head);
        assert_eq!(item_of("order", head), stored::item("template_head_with_history"));
    }
}

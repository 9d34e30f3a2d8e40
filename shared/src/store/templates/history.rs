//! The versions of a template that were replaced. What is published is not among them: it is kept as the template itself.

use serde::{Deserialize, Serialize};

use super::content::{Locales, TemplateError, TextItem, joined, texts};
use crate::{
    domain::Timestamp,
    store::{
        Condition, Item, Store, StoreError, number,
        reads::KeyRange,
        records,
        table::{self, DRAFT, Key},
        walk,
    },
    telemetry,
};

/// How many versions are kept beside the one that is published.
const KEPT: usize = 9;
/// After the highest digit in the order of sort keys.
const END: &str = ":";

/// A version of a template that is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct KeptVersion {
    /// Its number.
    pub version: u64,
    /// Whether it is what notifications are rendered with.
    pub is_published: bool,
    /// When it was published. `None`: before versions were kept.
    pub published_at: Option<Timestamp>,
    /// Its locales, in order.
    pub locales: Vec<String>,
}

/// The record of a version that was replaced. Its text has items of its own, so that a list reads none of it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct VersionItem {
    pk: String,
    sk: String,
    version: u64,
    locales: Vec<String>,
    texts: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    published_at_millis: Option<i64>,
}

/// The items that keep a version.
pub(super) fn kept(
    code: &str,
    version: u64,
    published_at: Option<i64>,
    locales: &Locales,
) -> Result<Vec<Item>, TemplateError> {
    let texts = texts(locales, version, |part| Key::template_version_text(code, version, part))?;
    let Key { pk, sk } = Key::template_version(code, version);
    let tags = locales.keys().cloned().collect();
    let record = VersionItem { pk, sk, version, locales: tags, texts: texts.len(), published_at_millis: published_at };
    let mut items = vec![records::write(&record)?];
    for text in texts {
        items.push(records::write(&text)?);
    }
    Ok(items)
}

impl VersionItem {
    pub fn version(&self) -> u64 {
        self.version
    }
}

impl From<VersionItem> for KeptVersion {
    fn from(VersionItem { pk: _, sk: _, version, locales, texts: _, published_at_millis }: VersionItem) -> Self {
        let published_at = published_at_millis.map(Timestamp::from_millis);
        Self { version, is_published: false, published_at, locales }
    }
}

impl Store {
    /// All versions in the history of a template, the latest first. A few may be there that are not kept any more.
    async fn history(&self, code: &str) -> Result<Vec<VersionItem>, StoreError> {
        let range = KeyRange::table(table::template_history_pk(code));
        let range = range.between(table::VERSION_PREFIX, format!("{}{END}", table::VERSION_PREFIX)).backward();
        walk::first(self.walk(range, KEPT + 2, records::read::<VersionItem>), usize::MAX).await
    }

    /// The kept versions of a template that began with the version `since` and whose published one is `before`, the latest first.
    pub(super) async fn kept_versions(
        &self,
        code: &str,
        since: u64,
        before: u64,
    ) -> Result<Vec<VersionItem>, StoreError> {
        let mut kept = self.history(code).await?;
        kept.retain(|one| (since..before).contains(&one.version));
        kept.truncate(KEPT);
        Ok(kept)
    }

    /// What a kept version says. `None`: it is not kept any more.
    pub(super) async fn kept_locales(&self, code: &str, kept: &VersionItem) -> Result<Option<Locales>, StoreError> {
        let VersionItem { version, texts, .. } = *kept;
        let first = Key::template_version_text(code, version, 0).sk;
        let range = KeyRange::table(table::template_history_pk(code)).between(first, end_of_texts(code, version));
        let found = walk::first(self.walk(range, texts, records::read::<TextItem>), usize::MAX).await?;
        if found.len() == texts { joined(found.iter()).map(Some) } else { Ok(None) }
    }

    /// Removes what is in the history and not kept any more: versions of before `since`, and the oldest ones beside the published
    /// one, `before`. The change that made them superfluous is done, and the next one removes what this leaves: a failure is only
    /// logged.
    pub(super) async fn tidy_history(&self, code: &str, since: u64, before: u64) {
        let tidied = async {
            let history = self.history(code).await?;
            let mut newest = 0;
            let is_over = |one: &VersionItem| {
                let is_of_now = (since..before).contains(&one.version);
                newest += usize::from(is_of_now);
                // A version after the published one is of a change that came later than this one.
                one.version < since || is_of_now && newest > KEPT
            };
            let over: Vec<_> = history.into_iter().filter(is_over).collect();
            for one in over {
                self.forget_version(code, one).await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = tidied.await {
            tracing::warn!(error = telemetry::chain(&error), "old versions of a template are not removed yet");
        }
    }

    /// Removes a version: its record last, so that what a crash leaves is found again.
    async fn forget_version(&self, code: &str, one: VersionItem) -> Result<(), StoreError> {
        for part in 0..one.texts {
            self.delete(&Key::template_version_text(code, one.version, part)).await?;
        }
        self.delete(&Key::template_version(code, one.version)).await.map(drop)
    }

    /// Removes the versions of a template that is gone, and the text of its draft. Another template may have this code by now: its own
    /// versions stay.
    pub(super) async fn tidy_deleted(&self, code: &str) {
        let tidied = async {
            // The head is read after the history: if there is none by then, all that was in the history belongs to nothing.
            let history = self.history(code).await?;
            if !history.is_empty() && self.get(&Key::template(code)).await?.is_none() {
                for one in history {
                    self.forget_version(code, one).await?;
                }
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = tidied.await {
            tracing::warn!(error = telemetry::chain(&error), "versions of a deleted template are not removed yet");
        }
        self.tidy_draft_texts(code).await;
    }

    /// Removes the texts of drafts that are gone. The next call removes what this leaves: a failure is only logged.
    pub(super) async fn tidy_draft_texts(&self, code: &str) {
        let tidied = async {
            let range = KeyRange::table(table::template_history_pk(code));
            let range = range.between(Key::template_draft_text(code, 0).sk, format!("{DRAFT}#{END}"));
            let texts = walk::first(self.walk(range, 5, records::read::<TextItem>), usize::MAX).await?;
            if texts.is_empty() {
                return Ok(());
            }
            // The draft's record is written with its texts, and is read after them here: a text of another version is of no draft.
            let version = self.draft_version(code).await?;
            for text in texts.into_iter().filter(|text| Some(text.version) != version) {
                // By now it may be the text of the next draft.
                let its_own = Condition::Equals(table::VERSION.into(), number(text.version));
                self.delete_if(&Key { pk: text.pk, sk: text.sk }, &its_own).await?;
            }
            Ok::<_, StoreError>(())
        };
        if let Err(error) = tidied.await {
            tracing::warn!(error = telemetry::chain(&error), "the text of a template's draft is not removed yet");
        }
    }
}

/// The last sort key of the texts of a version.
fn end_of_texts(code: &str, version: u64) -> String {
    let Key { sk, .. } = Key::template_version_text(code, version, 0);
    format!("{}{END}", sk.strip_suffix('0').unwrap_or(&sk))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{render::Parts, store::stored};

    #[test]
    fn a_version_as_it_was_once_written_is_read_and_written() {
        let said = |text: &str| serde_json::from_value::<Parts>(serde_json::json!({"sms": {"text": text}})).unwrap();
        let locales = Locales::from([("default".to_owned(), said("Hello")), ("de".to_owned(), said("Hallo"))]);
        let version = 1_795_891_836_558;
        let items = kept("order", version, Some(1_795_891_836_558), &locales).unwrap();
        let expected = ["template_version", "template_version_text"].map(stored::item);
        assert_eq!(items, expected);
        let [record, text] = expected;
        let record: VersionItem = records::read(record).unwrap();
        let shown = KeptVersion {
            version,
            is_published: false,
            published_at: Some(Timestamp::from_millis(1_795_891_836_558)),
            locales: vec!["de".into(), "default".into()],
        };
        assert_eq!(KeptVersion::from(record), shown);
        let text: TextItem = records::read(text).unwrap();
        assert_eq!(joined([&text].into_iter()).unwrap(), locales);
        stored::is_read_but_for("template_version", records::read::<VersionItem>, &[]);
        stored::is_read_but_for("template_version_text", records::read::<TextItem>, &[]);
    }
}

//! Drafts. A template has at most one, which nobody gets until it is published.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures::FutureExt;
use serde::{Deserialize, Serialize};

use super::{
    content::{Locales, MAX_ROUNDS, TemplateError, TextItem, contested, joined, meets, still, texts},
    live::{WrittenTemplate, each, versioned, within_limits},
};
use crate::{
    domain::Timestamp,
    render::{MAX_LOCALES, Parts, Template, VersionedTemplate},
    store::{
        Precondition, Store, StoreError,
        reads::{KeyRange, text},
        records,
        table::{self, DRAFT, Key},
        transaction::Cancelled,
        walk::{self, Walk},
    },
};

/// The record of a draft. Its text has items of its own, whose sort keys follow this one's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct DraftItem {
    pk: String,
    sk: String,
    /// The index's key, which lists all drafts by the codes of their templates.
    owner: String,
    at: String,
    version: u64,
    /// The version of the template that was published when the draft was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    begun_from: Option<u64>,
    texts: usize,
}

/// A draft as it was read.
#[derive(Clone, Debug, PartialEq)]
struct Draft {
    record: DraftItem,
    locales: Locales,
}

/// What a change makes of a draft.
struct Drafted {
    locales: Locales,
    begun_from: Option<u64>,
}

impl Store {
    /// The draft of a template.
    pub async fn template_draft(&self, code: &str) -> Result<Option<VersionedTemplate>, StoreError> {
        let draft = self.draft(code).await?;
        Ok(draft.map(|Draft { record, locales }| versioned(code, locales, record.version)))
    }

    /// The codes of all templates that have a draft, in order. See [`Store::template_codes`].
    pub fn template_draft_codes(&self, after: Option<&str>, limit: usize) -> Walk<'_, String> {
        self.codes_of(table::TEMPLATE_DRAFTS, after, limit)
    }

    /// The drafts in the order of the codes of their templates. One that is gone meanwhile is left out.
    pub fn template_drafts(&self, after: Option<&str>, limit: usize) -> Walk<'_, VersionedTemplate> {
        let codes = self.template_draft_codes(after, limit);
        each(codes, move |code| async move { self.template_draft(&code).await }.boxed())
    }

    /// The version of the draft.
    pub(super) async fn draft_version(&self, code: &str) -> Result<Option<u64>, StoreError> {
        let record = self.get(&Key::template_draft(code)).await?.map(records::read::<DraftItem>).transpose()?;
        Ok(record.map(|record| record.version))
    }

    async fn draft(&self, code: &str) -> Result<Option<Draft>, StoreError> {
        for round in 0..MAX_ROUNDS {
            self.pause_before(round).await;
            // The record comes first, and the query may have several pages: a text of another version is of a later draft.
            let range = KeyRange::table(table::template_history_pk(code)).between(DRAFT, format!("{DRAFT}#:"));
            let items = walk::first(self.walk(range, 5, Ok), usize::MAX).await?;
            let mut items = items.into_iter().peekable();
            let Some(record) = items.next_if(|item| text(item, table::SK) == Some(DRAFT)) else { return Ok(None) };
            let record: DraftItem = records::read(record)?;
            let texts = items.map(records::read).collect::<Result<Vec<TextItem>, _>>()?;
            let texts: Vec<_> = texts.iter().filter(|text| text.version == record.version).collect();
            if texts.len() == record.texts {
                let locales = joined(texts.into_iter())?;
                return Ok(Some(Draft { record, locales }));
            }
        }
        Err(StoreError::Unavailable("others keep changing this draft".into()))
    }

    /// Writes a whole draft. A draft that is there keeps what it was begun from: who writes it may not have seen what was published since.
    pub async fn put_template_draft(
        &self,
        template: &Template,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<WrittenTemplate, TemplateError> {
        let code = &template.code;
        let whole = |draft: Option<Drafted>, published| {
            let begun = draft.unwrap_or(published);
            Ok(Drafted { locales: template.locales.clone(), ..begun })
        };
        self.change_draft(code, precondition, |_| true, now, whole).await
    }

    /// Writes one locale of a draft. A draft that is not there begins as what is published.
    pub async fn put_template_draft_locale(
        &self,
        code: &str,
        tag: &str,
        parts: &Parts,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<WrittenTemplate, TemplateError> {
        let mut is_new = false;
        let named = |locales: &Locales| locales.contains_key(tag);
        let add = |draft: Option<Drafted>, published| {
            let mut drafted = draft.unwrap_or(published);
            is_new = drafted.locales.insert(tag.to_owned(), parts.clone()).is_none();
            if drafted.locales.len() > MAX_LOCALES { Err(TemplateError::TooManyLocales) } else { Ok(drafted) }
        };
        let written = self.change_draft(code, precondition, named, now, add).await?;
        Ok(WrittenTemplate { is_new, ..written })
    }

    /// Discards a draft. What is published stays as it is.
    pub async fn delete_template_draft(
        &self,
        code: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), TemplateError> {
        let none = |draft: Option<Drafted>, _| {
            let draft = draft.ok_or(TemplateError::NotFound)?;
            Ok(Drafted { locales: Locales::new(), ..draft })
        };
        self.change_draft(code, precondition, |_| true, now, none).await.map(drop)
    }

    /// Removes one locale of a draft. If it is the last one, the draft is discarded.
    pub async fn delete_template_draft_locale(
        &self,
        code: &str,
        tag: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), TemplateError> {
        let named = |locales: &Locales| locales.contains_key(tag);
        let without = |draft: Option<Drafted>, _| {
            let mut draft = draft.ok_or(TemplateError::NotFound)?;
            draft.locales.remove(tag).ok_or(TemplateError::NotFound)?;
            Ok(draft)
        };
        self.change_draft(code, precondition, named, now, without).await.map(drop)
    }

    /// Publishes a draft, which is gone then. It is refused if another version was published since the draft was begun: that one
    /// would be lost. The precondition is about the draft.
    pub async fn publish_template_draft(
        &self,
        code: &str,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<WrittenTemplate, TemplateError> {
        for round in 0..MAX_ROUNDS {
            self.pause_before(round).await;
            let draft = self.draft(code).await?.ok_or(TemplateError::NotFound)?;
            if !meets(precondition, Some(draft.record.version), true) {
                return Err(TemplateError::Stale);
            }
            let seen = self.seen_template(code).await?;
            if seen.version() != draft.record.begun_from {
                return Err(TemplateError::Outdated);
            }
            let gone = self.delete_part(&Key::template_draft(code), Some(&still(Some(draft.record.version))))?;
            if let Some(written) = self.publish(code, &seen, draft.locales, vec![gone], now).await? {
                self.tidy_draft_texts(code).await;
                return Ok(written);
            }
        }
        Err(contested())
    }

    /// Calls `change` with the draft, if there is one, and with a draft of what is published, and writes the result. It is new if there
    /// was no draft before.
    async fn change_draft(
        &self,
        code: &str,
        precondition: Option<&Precondition>,
        is_there: impl Fn(&Locales) -> bool,
        now: Timestamp,
        mut change: impl FnMut(Option<Drafted>, Drafted) -> Result<Drafted, TemplateError>,
    ) -> Result<WrittenTemplate, TemplateError> {
        for round in 0..MAX_ROUNDS {
            self.pause_before(round).await;
            let seen = self.draft(code).await?;
            let version = seen.as_ref().map(|draft| draft.record.version);
            let is_met = meets(precondition, version, seen.as_ref().is_some_and(|draft| is_there(&draft.locales)));
            let known =
                seen.clone().map(|Draft { record, locales }| Drafted { locales, begun_from: record.begun_from });
            let published = self.seen_template(code).await?;
            let published = Drafted { locales: published.locales(), begun_from: published.version() };
            let drafted = change(known, published)?;
            if !is_met {
                return Err(TemplateError::Stale);
            }
            let version = match version {
                Some(version) => version + 1,
                None => u64::try_from(now.millis()).unwrap_or(1),
            };
            let same = |seen: &Draft| seen.locales == drafted.locales && seen.record.begun_from == drafted.begun_from;
            if let Some(seen) = seen.as_ref().filter(|seen| same(seen)) {
                let now = versioned(code, drafted.locales, seen.record.version);
                return Ok(WrittenTemplate { now, is_new: false, is_changed: false });
            }
            let parts = self.draft_parts(code, seen.as_ref(), &drafted, version)?;
            match self.transact(parts).await? {
                Ok(()) => {
                    let now = versioned(code, drafted.locales, version);
                    return Ok(WrittenTemplate { now, is_new: seen.is_none(), is_changed: true });
                }
                Err(Cancelled::Part(_) | Cancelled::Conflict) => {}
            }
        }
        Err(contested())
    }

    /// The parts of the transaction that replaces a draft. Without locales it is removed. A new draft is written only if what it
    /// begins from is still published: it would outlive a template that is deleted meanwhile. One that is there goes with its template.
    fn draft_parts(
        &self,
        code: &str,
        seen: Option<&Draft>,
        drafted: &Drafted,
        version: u64,
    ) -> Result<Vec<TransactWriteItem>, TemplateError> {
        let Drafted { locales, begun_from } = drafted;
        within_limits(locales)?;
        let unchanged = still(seen.map(|draft| draft.record.version));
        let key = Key::template_draft(code);
        let texts = if locales.is_empty() {
            Vec::new()
        } else {
            texts(locales, version, |part| Key::template_draft_text(code, part))?
        };
        let mut parts = vec![if texts.is_empty() {
            self.delete_part(&key, Some(&unchanged))?
        } else {
            let Key { pk, sk } = key;
            let (owner, at) = (table::TEMPLATE_DRAFTS.to_owned(), code.to_owned());
            let record = DraftItem { pk, sk, owner, at, version, begun_from: *begun_from, texts: texts.len() };
            self.put_part(records::write(&record)?, Some(&unchanged))?
        }];
        if seen.is_none() {
            parts.push(self.check_part(&Key::template(code), &still(*begun_from))?);
        }
        for text in &texts {
            parts.push(self.put_part(records::write(text)?, None)?);
        }
        for left in texts.len()..seen.map_or(0, |draft| draft.record.texts) {
            parts.push(self.delete_part(&Key::template_draft_text(code, left), None)?);
        }
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::stored;

    #[test]
    fn a_draft_as_it_was_once_written_is_read_and_written() {
        let Key { pk, sk } = Key::template_draft("order");
        let record = DraftItem {
            pk,
            sk,
            owner: "TEMPLATE_DRAFTS".into(),
            at: "order".into(),
            version: 1_795_891_850_007,
            begun_from: Some(1_795_891_836_558),
            texts: 1,
        };
        assert_eq!(records::read::<DraftItem>(stored::item("template_draft")).unwrap(), record);
        stored::is_written("template_draft", &record);
        stored::is_read_but_for("template_draft", records::read::<DraftItem>, &[]);
    }
}

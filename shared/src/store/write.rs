//! One conditional update, as data.

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnValue},
};
use uuid::Uuid;

use super::{
    Item, Store,
    calls::IsOwn,
    error::Refused,
    expression::{Action, Condition, Rendered, render},
    table::{Key, WRITE_TOKEN},
};

/// What to do to one item, and on which condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub actions: Vec<Action>,
    pub condition: Condition,
    /// What of the item the answer shows.
    returning: ReturnValue,
    /// What the write leaves in the item, where it has to recognise itself.
    write_token: Option<AttributeValue>,
}

impl Write {
    /// A write that may be done twice. Its answer shows what it has changed.
    pub fn new(actions: Vec<Action>, condition: Condition) -> Self {
        Self { actions, condition, returning: ReturnValue::UpdatedNew, write_token: None }
    }

    /// A write that is done once even where it is repeated because its answer was lost: it marks the item, and a
    /// refusal by an item that bears its mark is its own success; `mark` is an id that no other write has. Its answer shows
    /// the whole item.
    pub fn once(mut actions: Vec<Action>, condition: Condition, write_token: Uuid) -> Self {
        let write_token = AttributeValue::B(Blob::new(write_token.into_bytes()));
        actions.push(Action::Set(WRITE_TOKEN.into(), write_token.clone()));
        let not_ours = Condition::Any(vec![
            Condition::Missing(WRITE_TOKEN.into()),
            Condition::NotEquals(WRITE_TOKEN.into(), write_token.clone()),
        ]);
        let condition = Condition::All(vec![condition, not_ours]);
        Self { actions, condition, returning: ReturnValue::AllNew, write_token: Some(write_token) }
    }

    /// The write as text.
    pub fn render(&self) -> Rendered {
        render(&self.actions, Some(&self.condition))
    }
}

impl Store {
    /// Sends a write, as text already. The answer is the item afterwards, as far as it was asked for, or the item as it
    /// stood where the condition failed. Where an earlier try's answer was lost, a refusal by an item that bears the write's
    /// mark, or that `is_own` knows, is a success.
    pub(super) async fn send(
        &self,
        key: &Key,
        write: &Write,
        rendered: Rendered,
        is_own: IsOwn<'_>,
    ) -> Result<Item, Refused> {
        let is_own = |item: &Item| {
            (write.write_token.is_some() && item.get(WRITE_TOKEN) == write.write_token.as_ref()) || is_own(item)
        };
        self.update_rendered(key, rendered, write.returning.clone(), &is_own).await
    }
}

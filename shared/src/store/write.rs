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
    table::{Key, MARK},
};

/// What to do to one item, and on which condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub actions: Vec<Action>,
    pub condition: Condition,
    /// What of the item the answer shows.
    returning: ReturnValue,
    /// What the write leaves in the item, where it has to recognise itself.
    mark: Option<AttributeValue>,
}

impl Write {
    /// A write that may be done twice. Its answer shows what it has changed.
    pub fn new(actions: Vec<Action>, condition: Condition) -> Self {
        Self { actions, condition, returning: ReturnValue::UpdatedNew, mark: None }
    }

    /// A write that is done once even where it is repeated because its answer was lost: it marks the item, and a
    /// refusal by an item that bears its mark is its own success; `mark` is an id that no other write has. Its answer shows
    /// the whole item.
    pub fn once(mut actions: Vec<Action>, condition: Condition, mark: Uuid) -> Self {
        let mark = AttributeValue::B(Blob::new(mark.into_bytes()));
        actions.push(Action::Set(MARK.into(), mark.clone()));
        let unmarked =
            Condition::Any(vec![Condition::Missing(MARK.into()), Condition::NotEquals(MARK.into(), mark.clone())]);
        let condition = Condition::All(vec![condition, unmarked]);
        Self { actions, condition, returning: ReturnValue::AllNew, mark: Some(mark) }
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
        let is_own = |item: &Item| (write.mark.is_some() && item.get(MARK) == write.mark.as_ref()) || is_own(item);
        self.update_rendered(key, rendered, write.returning.clone(), &is_own).await
    }
}

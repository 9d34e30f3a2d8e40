//! One conditional update, as data.

use aws_sdk_dynamodb::{
    primitives::Blob,
    types::{AttributeValue, ReturnValue},
};
use uuid::Uuid;

use super::{
    Item, Store,
    error::Refused,
    expression::{Action, Condition, Rendered, render},
    table::{Key, WRITE_TOKEN},
};

/// The actions on one item, and their condition.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Write {
    pub actions: Vec<Action>,
    pub condition: Condition,
    /// Which attributes of the item the answer holds.
    returning: ReturnValue,
    /// The write token that the write leaves in the item.
    write_token: AttributeValue,
}

impl Write {
    /// A write that is done only once, also if it is repeated because its answer was lost. It leaves `write_token` in
    /// the item; no other write has the same token. An item with this token refuses the repeated write, and that
    /// refusal counts as a success. The answer holds the whole item.
    pub fn once(mut actions: Vec<Action>, condition: Condition, write_token: Uuid) -> Self {
        let write_token = AttributeValue::B(Blob::new(write_token.into_bytes()));
        actions.push(Action::Set(WRITE_TOKEN.into(), write_token.clone()));
        let not_ours = Condition::Any(vec![
            Condition::Missing(WRITE_TOKEN.into()),
            Condition::NotEquals(WRITE_TOKEN.into(), write_token.clone()),
        ]);
        let condition = Condition::All(vec![condition, not_ours]);
        Self { actions, condition, returning: ReturnValue::AllNew, write_token }
    }

    /// The same write, whose answer holds only the attributes that it has changed.
    pub fn returning_changes(self) -> Self {
        Self { returning: ReturnValue::UpdatedNew, ..self }
    }

    /// The write's expressions as text.
    pub fn render(&self) -> Rendered {
        render(&self.actions, Some(&self.condition))
    }
}

impl Store {
    /// Sends a write whose text is `rendered`. Returns the attributes of the item that the write asks for. If the
    /// condition fails, the error holds the item as it was. If an earlier try's answer was lost, a refusal is a success
    /// when the item has the write's token; the answer is then the whole item.
    pub(super) async fn send(&self, key: &Key, write: &Write, rendered: Rendered) -> Result<Item, Refused> {
        let is_own = |item: &Item| item.get(WRITE_TOKEN) == Some(&write.write_token);
        self.update_rendered(key, rendered, write.returning.clone(), &is_own).await
    }
}

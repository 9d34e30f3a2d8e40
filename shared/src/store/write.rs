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
    write_token: WriteToken,
}

/// A random value that one write leaves in its item, and no other write has. So the write recognises its own work, if its
/// answer was lost and it is repeated.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct WriteToken(AttributeValue);

impl WriteToken {
    /// The token with this value, which nobody else has.
    pub fn new(value: Uuid) -> Self {
        Self(AttributeValue::B(Blob::new(value.into_bytes())))
    }

    /// The action that leaves the token in the item.
    pub fn action(&self) -> Action {
        Action::Set(WRITE_TOKEN.into(), self.0.clone())
    }

    /// Leaves the token in an item that is about to be put.
    pub fn put_into(&self, item: &mut Item) {
        item.insert(WRITE_TOKEN.to_owned(), self.0.clone());
    }

    /// Whether the write with this token is the last one that has left a token in the item.
    pub fn is_in(&self, item: &Item) -> bool {
        item.get(WRITE_TOKEN) == Some(&self.0)
    }
}

impl Write {
    /// A write that is done only once, also if it is repeated because its answer was lost. It leaves `write_token` in
    /// the item; no other write has the same token. An item with this token refuses the repeated write, and that
    /// refusal counts as a success. The answer holds the whole item.
    pub fn once(mut actions: Vec<Action>, condition: Condition, write_token: Uuid) -> Self {
        let write_token = WriteToken::new(write_token);
        actions.push(write_token.action());
        let not_ours = Condition::Any(vec![
            Condition::Missing(WRITE_TOKEN.into()),
            Condition::NotEquals(WRITE_TOKEN.into(), write_token.0.clone()),
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
        self.update_rendered(key, rendered, write.returning.clone(), &|item| write.write_token.is_in(item)).await
    }
}

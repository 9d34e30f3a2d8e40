//! What travels with a message besides its body. A body must stay readable for code of before, so what was added later is a
//! message attribute, which that code does not read.

use std::collections::HashMap;

use aws_sdk_sqs::{error::BuildError, types::MessageAttributeValue};

use super::Turn;
use crate::domain::Timestamp;

/// When the work was due, in epoch milliseconds.
const DUE: &str = "due";
/// When the message is sent that waits for its provider's rate.
const TURN: &str = "turn";
/// How often earlier messages of the same work were received in vain.
const RECEIVES: &str = "receives";
/// The record says already that the delivery was given up.
const GIVEN_UP: &str = "given_up";
/// The delivery may have been begun without a lease.
const IN_DOUBT: &str = "in_doubt";

/// The message attributes. Each may be missing, for example in a message that code of before has sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// When the work was due. A message that is sent anew looks young to SQS, so that its own age says nothing.
    pub due: Option<Timestamp>,
    /// Its turn, if it waits for its provider's rate.
    pub turn: Option<Turn>,
    /// How often the message was received in vain before it was sent anew for its turn. SQS counts a new message anew.
    pub receives: u32,
    /// Whether a worker has recorded that the delivery is given up, and sent the message to the dead-letter queue then. SQS moves a
    /// message there by itself, too; that one does not say so.
    pub is_given_up: bool,
    /// Whether an earlier worker may have put the message into the inbox, which the delivery's record does not say. SQS counts a message
    /// that is sent anew as received once, so its count does not tell.
    pub is_in_doubt: bool,
}

impl Attributes {
    /// Reads them. `text` gives an attribute's value by its name. What cannot be read is missing.
    pub fn read<'a>(text: impl Fn(&str) -> Option<&'a str>) -> Self {
        let due = text(DUE).and_then(|due| due.parse().ok()).map(Timestamp::from_millis);
        let receives = text(RECEIVES).and_then(|receives| receives.parse().ok()).unwrap_or_default();
        let [is_given_up, is_in_doubt] = [GIVEN_UP, IN_DOUBT].map(|name| text(name).is_some());
        Self { due, turn: text(TURN).and_then(Turn::parse), receives, is_given_up, is_in_doubt }
    }

    /// As SQS takes them; `None` if there is none.
    pub(super) fn write(&self) -> Result<Option<HashMap<String, MessageAttributeValue>>, BuildError> {
        let Self { due, turn, receives, is_given_up, is_in_doubt } = self;
        let mut written = HashMap::new();
        if let Some(due) = due {
            written.insert(DUE.to_owned(), attribute("Number", due.millis().to_string())?);
        }
        if let Some(turn) = turn {
            written.insert(TURN.to_owned(), attribute("String", turn.to_text())?);
        }
        if *receives > 0 {
            written.insert(RECEIVES.to_owned(), attribute("Number", receives.to_string())?);
        }
        for (name, _) in [(GIVEN_UP, is_given_up), (IN_DOUBT, is_in_doubt)].into_iter().filter(|(_, is_so)| **is_so) {
            written.insert(name.to_owned(), attribute("String", "true".to_owned())?);
        }
        Ok((!written.is_empty()).then_some(written))
    }
}

fn attribute(kind: &str, value: String) -> Result<MessageAttributeValue, BuildError> {
    MessageAttributeValue::builder().data_type(kind).string_value(value).build()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rate::Instant;

    #[test]
    fn attributes_are_read_as_they_were_written() {
        let turn = Turn::Place(Instant::from_micros(1_709_287_200_123_456));
        let due = Some(Timestamp::from_millis(1_709_287_200_123));
        let attributes = Attributes { due, turn: Some(turn), receives: 2, is_given_up: true, is_in_doubt: true };
        let written = attributes.write().unwrap().unwrap();
        let kinds = ["due", "turn", "receives", "given_up", "in_doubt"].map(|name| written[name].data_type());
        assert_eq!(kinds, ["Number", "String", "Number", "String", "String"]);
        assert_eq!(Attributes::read(|name| written.get(name)?.string_value()), attributes);
    }

    #[test]
    fn what_is_missing_or_no_number_is_not_there() {
        assert_eq!(Attributes::default().write().unwrap(), None);
        for text in [None, Some(""), Some("soon")] {
            let read = Attributes::read(|name| text.filter(|_| ![GIVEN_UP, IN_DOUBT].contains(&name)));
            assert_eq!(read, Attributes::default(), "{text:?}");
        }
    }
}

//! When a message is to be sent that waits for its provider's rate. It stands in a message attribute, so that the body stays as
//! it was.

use std::collections::BTreeMap;

use crate::domain::rate::{Instant, Slots};

/// A message's turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Its slots, by the id of the configured channel.
    Slots(BTreeMap<String, Slots>),
    /// Its place in the line: it has no slot yet.
    Place(Instant),
}

const SLOTS: &str = "slots";
const PLACE: &str = "place";

impl Turn {
    /// Its text: `place <µs>`, or `slots` and for each channel `<id> <µs> <count>`. No channel's id has a space.
    pub fn to_text(&self) -> String {
        match self {
            Self::Place(at) => format!("{PLACE} {}", at.micros()),
            Self::Slots(slots) => slots.iter().fold(SLOTS.to_owned(), |text, (channel, Slots { first, count })| {
                format!("{text} {channel} {} {count}", first.micros())
            }),
        }
    }

    /// Reads that text. A message whose turn cannot be read has none.
    pub fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let at = |micros: &str| micros.parse().ok().map(Instant::from_micros);
        match words.next()? {
            PLACE => Some(Self::Place(at(words.next()?)?)).filter(|_| words.next().is_none()),
            SLOTS => {
                let mut slots = BTreeMap::new();
                while let Some(channel) = words.next() {
                    let (first, count) = (at(words.next()?)?, words.next()?.parse().ok()?);
                    slots.insert(channel.to_owned(), Slots { first, count });
                }
                Some(Self::Slots(slots))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_read_as_it_was_written() {
        let slot = |first, count| Slots { first: Instant::from_micros(first), count };
        for (turn, text) in [
            (Turn::Place(Instant::from_micros(1_795_891_836_573_001)), "place 1795891836573001"),
            (Turn::Slots([("c:1".to_owned(), slot(7, 1))].into()), "slots c:1 7 1"),
            (Turn::Slots([("a".to_owned(), slot(7, 3)), ("b".to_owned(), slot(9, 1))].into()), "slots a 7 3 b 9 1"),
        ] {
            assert_eq!(turn.to_text(), text);
            assert_eq!(Turn::parse(text), Some(turn));
        }
        for text in ["", "place", "place x", "place 1 2", "slots a", "slots a 1", "slots a 1 x", "soon 1"] {
            assert_eq!(Turn::parse(text), None, "{text}");
        }
    }
}

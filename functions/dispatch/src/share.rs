//! The share of the lists that one run of the schedule works on.

use serde::Deserialize;
use shared::store::PARTS;

/// One of several shares of the parts of each list. The schedule begins one run for each share, at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Share {
    /// Which share this is, from 0.
    pub number: usize,
    /// How many shares there are.
    pub of: usize,
}

impl Default for Share {
    /// All of it: the schedule of a version of before names no share.
    fn default() -> Self {
        Self { number: 0, of: 1 }
    }
}

impl Share {
    /// The parts of each list that belong to this share.
    pub fn parts(self) -> impl Iterator<Item = usize> {
        (0..PARTS).filter(move |part| part.checked_rem(self.of) == Some(self.number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Event;

    #[test]
    fn all_shares_together_have_each_part_once() {
        for of in 1..=PARTS {
            let mut parts: Vec<_> = (0..of).flat_map(|number| Share { number, of }.parts()).collect();
            parts.sort_unstable();
            assert_eq!(parts, (0..PARTS).collect::<Vec<_>>(), "{of}");
        }
        assert_eq!(Share { number: 0, of: 0 }.parts().count(), 0);
    }

    #[test]
    fn an_event_names_its_share_and_one_of_before_means_all() {
        for (event, expected) in [
            (r#"{"release": "held"}"#, Share { number: 0, of: 1 }),
            (r#"{"release": "held", "share": {"number": 3, "of": 4}}"#, Share { number: 3, of: 4 }),
        ] {
            let Event::Release { share, .. } = serde_json::from_str(event).unwrap() else { panic!("{event}") };
            assert_eq!(share, expected);
        }
    }
}

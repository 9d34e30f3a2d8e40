//! Pauses. They are in one partition, so one query reads all of them.
//!
//! It is not the partition of the configured channels, although workers read both together: code that was written before there were
//! pauses reads every item of that partition as a channel, and fails if it is none. During an update of the stack, and after it was
//! rolled back, such code runs beside this code.

use super::{
    Condition, Item, Key, Precondition, Refused, Store, StoreError, number,
    records::{self, PauseItem},
    table,
};
use crate::domain::{Pause, PauseTarget, Timestamp};

/// The attribute with the end of a pause, in milliseconds since the epoch.
const UNTIL: &str = "until_millis";

/// The most pauses at the same time. Every worker reads all of them each minute, and the function that releases what is held looks
/// for each of them in each part of its list.
pub const MAX_PAUSES: usize = 100;

/// Why a pause was not written or removed.
#[derive(Debug, thiserror::Error)]
pub enum PauseError {
    /// There is no such pause.
    #[error("there is no such pause")]
    NotFound,
    /// There are [`MAX_PAUSES`] others.
    #[error("there are too many pauses")]
    TooMany,
    /// The precondition does not hold.
    #[error("the pause has changed since it was read")]
    Stale,
    /// The table failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A pause that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrittenPause {
    /// Whether it is new. One whose time was over counts as removed.
    pub is_new: bool,
    /// Its version.
    pub version: u64,
}

impl Store {
    /// Every pause whose time is not over, by target, strongly consistent.
    pub async fn pauses(&self, now: Timestamp) -> Result<Vec<Pause>, StoreError> {
        let items = self.partition(table::PAUSES).await?.into_iter();
        let mut pauses = items.map(|item| read(item).map(|(pause, _)| pause)).collect::<Result<Vec<_>, _>>()?;
        pauses.retain(|pause| !pause.is_over(now));
        Ok(pauses)
    }

    /// The pause of this target and its version, unless its time is over.
    pub async fn pause(&self, target: &PauseTarget, now: Timestamp) -> Result<Option<(Pause, u64)>, StoreError> {
        let item = self.get(&Key::pause(target)).await?;
        Ok(item.map(read).transpose()?.filter(|(pause, _)| !pause.is_over(now)))
    }

    /// Creates or replaces a pause. Of several callers who do it at the same time some may pass [`MAX_PAUSES`]: it keeps the reads
    /// small, and need not be exact.
    pub async fn put_pause(
        &self,
        pause: &Pause,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<WrittenPause, PauseError> {
        let others = self.pauses(now).await?;
        if others.iter().filter(|other| other.target != pause.target).count() >= MAX_PAUSES {
            return Err(PauseError::TooMany);
        }
        let (item, version) = (item(pause), version_of(pause));
        let conditions = [is_later(version)].into_iter();
        let conditions = conditions.chain(precondition.map(|precondition| condition(precondition, now)));
        match self.replace(records::write(&item)?, Some(&Condition::All(conditions.collect()))).await {
            Ok(old) => Ok(WrittenPause { is_new: !is_there(now).holds(&old), version }),
            Err(Refused::Condition(_)) => Err(PauseError::Stale),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }

    /// Removes a pause. What it held is found by the function that releases it.
    pub async fn delete_pause(
        &self,
        target: &PauseTarget,
        precondition: Option<&Precondition>,
        now: Timestamp,
    ) -> Result<(), PauseError> {
        let conditions =
            [is_there(now)].into_iter().chain(precondition.map(|precondition| condition(precondition, now)));
        match self.delete_on(&Key::pause(target), &Condition::All(conditions.collect())).await {
            Ok(()) => Ok(()),
            Err(Refused::Condition(item)) if is_there(now).holds(&item) => Err(PauseError::Stale),
            Err(Refused::Condition(_)) => Err(PauseError::NotFound),
            Err(Refused::Error(error)) => Err(error.into()),
        }
    }
}

fn item(pause: &Pause) -> PauseItem {
    let Pause { target, mode, until, note, paused_by, paused_at } = pause;
    let Key { pk, sk } = Key::pause(target);
    PauseItem {
        pk,
        sk,
        what: target.to_string(),
        mode: *mode,
        until_millis: until.map(Timestamp::millis),
        note: note.clone(),
        paused_by: paused_by.clone(),
        paused_at: paused_at.millis(),
        version: Some(version_of(pause)),
        expires_at: until.map(Timestamp::seconds),
    }
}

fn read(item: Item) -> Result<(Pause, u64), StoreError> {
    let PauseItem { pk: _, sk: _, what, mode, until_millis, note, paused_by, paused_at, version, expires_at: _ } =
        records::read(item)?;
    let target = PauseTarget::parse(&what).ok_or_else(|| StoreError::Malformed("a pause's target".into()))?;
    let until = until_millis.map(Timestamp::from_millis);
    let pause = Pause { target, mode, until, note, paused_by, paused_at: Timestamp::from_millis(paused_at) };
    Ok((pause, version.unwrap_or_default()))
}

/// The version of a pause is the millisecond in which it was written: its write does not read what was there. No two writes of a
/// target have the same one, see [`is_later`].
fn version_of(pause: &Pause) -> u64 {
    u64::try_from(pause.paused_at.millis()).unwrap_or_default()
}

/// Nobody else has written this target in the same millisecond.
fn is_later(version: u64) -> Condition {
    let version_attribute = || table::VERSION.into();
    let other = Condition::NotEquals(version_attribute(), number(version));
    Condition::Any(vec![Condition::Missing(version_attribute()), other])
}

/// There is a pause, and its time is not over.
fn is_there(now: Timestamp) -> Condition {
    Condition::All(vec![
        Condition::Exists(table::PK.into()),
        Condition::Any(vec![
            Condition::Missing(UNTIL.into()),
            Condition::AtLeast(UNTIL.into(), number(now.millis().saturating_add(1))),
        ]),
    ])
}

/// There is none, or its time is over: DynamoDB removes such an item up to some days later.
fn is_absent(now: Timestamp) -> Condition {
    let over = Condition::AtMost(UNTIL.into(), number(now.millis()));
    Condition::Any(vec![Condition::Missing(table::PK.into()), over])
}

fn condition(precondition: &Precondition, now: Timestamp) -> Condition {
    let there = Condition::All([is_there(now)].into_iter().chain(precondition.condition()).collect());
    let absent = precondition.holds_for_nothing().then(|| is_absent(now));
    Condition::Any([there].into_iter().chain(absent).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::PauseMode, store::stored};

    fn pause() -> Pause {
        Pause {
            target: PauseTarget::parse("group:news#1").unwrap(),
            mode: PauseMode::Drop,
            until: Some(Timestamp::from_millis(1_709_290_800_500)),
            note: Some("The provider is down; see the incident".into()),
            paused_by: "auth0|operator".into(),
            paused_at: Timestamp::from_millis(1_709_287_200_000),
        }
    }

    #[test]
    fn a_stored_pause_is_read_back() {
        let whole = pause();
        let bare = Pause { target: PauseTarget::All, mode: PauseMode::Hold, until: None, note: None, ..pause() };
        for pause in [whole, bare] {
            let version = 1_709_287_200_000;
            assert_eq!(read(records::write(&item(&pause)).unwrap()).unwrap(), (pause, version));
        }
    }

    #[test]
    fn a_pause_that_this_version_has_stored_is_read() {
        assert_eq!(read(stored::item("pause_full")).unwrap().0, pause());
        let minimal = Pause { target: PauseTarget::All, mode: PauseMode::Hold, until: None, note: None, ..pause() };
        assert_eq!(read(stored::item("pause_minimal")).unwrap().0, minimal);
    }

    #[test]
    fn a_pause_whose_time_is_over_counts_as_absent() {
        let now = Timestamp::from_millis(1000);
        let item = |until: Option<i64>| {
            let pause =
                Pause { until: until.map(Timestamp::from_millis), paused_at: Timestamp::from_millis(7), ..pause() };
            records::write(&item(&pause)).unwrap()
        };
        let items = [Item::new(), item(Some(1000)), item(Some(1001)), item(None)];
        for (precondition, holds) in [
            (Precondition::Any, [false, false, true, true]),
            (Precondition::Versions(vec![7]), [false, false, true, true]),
            (Precondition::Versions(vec![8]), [false, false, false, false]),
            (Precondition::NotVersions(vec![7]), [true, true, false, false]),
            (Precondition::Absent, [true, true, false, false]),
        ] {
            let condition = condition(&precondition, now);
            assert_eq!(items.each_ref().map(|item| condition.holds(item)), holds, "{precondition:?}");
        }
        assert_eq!(items.each_ref().map(|item| is_there(now).holds(item)), [false, false, true, true]);
        assert_eq!(items.each_ref().map(|item| is_later(7).holds(item)), [true, false, false, false]);
        assert!(is_later(8).holds(&items[3]));
    }
}

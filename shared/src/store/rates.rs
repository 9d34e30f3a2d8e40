//! The schedules of configured channels with a rate: one item each, which all workers write.
//!
//! A conditional write takes the slots of a whole group of messages. One item takes 1,000 writes a second, so a channel can
//! have as many invocations a second, with up to ten messages each.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use super::{Action, Condition, Item, Key, Refused, Store, StoreError, number, table, write::Write};
use crate::domain::rate::{Instant, Move, Rate, Schedule, Who, firm, idle};

/// The next slot, in microseconds since the Unix epoch: GCRA's theoretical arrival time.
const NEXT: &str = "tat";
/// The next place in the line, in microseconds since the Unix epoch.
const LINE: &str = "line";

/// How long a schedule is kept after it was last written. DynamoDB removes it some days later.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// The most writes for one question. After a refusal the item is known, and only somebody who was faster refuses again.
const ROUNDS: usize = 5;

/// The answer to who asks for slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granted {
    /// The slots from this one on are theirs.
    Slots(Instant),
    /// The places in the line from this one on are theirs.
    Places(Instant),
    /// There is no slot before this time.
    NoRoom(Instant),
}

/// The schedules, and what this process last saw of each: where the record has gone on since, a write is refused and repeated.
#[derive(Clone, Debug)]
pub struct Rates {
    store: Store,
    seen: Arc<Mutex<HashMap<String, Schedule>>>,
}

impl Rates {
    /// The schedules in this store.
    pub fn new(store: Store) -> Self {
        Self { store, seen: Arc::default() }
    }

    /// Asks for so many slots of a configured channel together, or for so many places in its line.
    ///
    /// If the answer to a write is lost, the write is repeated, and takes further slots only if somebody else has written since:
    /// then the first ones stay unused. So a lost answer, a dead worker, or a message that is not sent after all can waste a part
    /// of the rate, and nothing can exceed it. A worker whose clock is fast takes slots that are as much too early, which it can
    /// gain only once: each further slot is a whole interval later.
    pub async fn reserve(&self, channel: &str, rate: Rate, who: Who, count: u32) -> Result<Granted, StoreError> {
        let mut schedule = self.with_seen(|seen| seen.get(channel).copied()).unwrap_or_default();
        let span = rate.time_of(count);
        for _ in 0..ROUNDS {
            let now = self.store.clock.now().into();
            let next_move = schedule.next_move(who, rate, now);
            let Some((mut actions, condition)) = changes(next_move, who, rate, span, now) else { break };
            let expires_at = now.plus(KEPT).timestamp().seconds();
            actions.push(Action::Set(table::EXPIRES_AT.into(), number(expires_at)));
            let write = Write::once(actions, condition, self.store.random.uuid());
            let (item, is_done) = match self.store.send(&Key::rate(channel), &write, write.render()).await {
                Ok(item) => (item, true),
                Err(Refused::Condition(item)) => (item, false),
                Err(Refused::Error(error)) => return Err(error),
            };
            schedule = Schedule { next: instant(&item, NEXT), line: instant(&item, LINE) };
            self.with_seen(|seen| seen.insert(channel.to_owned(), schedule));
            match next_move {
                _ if !is_done => {}
                Move::FirstPlaces | Move::NextPlaces => return Ok(Granted::Places(schedule.line.minus(span))),
                _ => return Ok(Granted::Slots(schedule.next.minus(span))),
            }
        }
        Ok(Granted::NoRoom(schedule.next))
    }

    fn with_seen<T>(&self, work: impl FnOnce(&mut HashMap<String, Schedule>) -> T) -> T {
        work(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Store {
    /// Forgets the line of a configured channel whose rate was set: its places were given at another rate. What waits keeps its
    /// time, and who comes new takes slots.
    pub async fn forget_line(&self, channel: &str) -> Result<(), StoreError> {
        let (key, is_line) = (Key::rate(channel), Condition::Exists(LINE.into()));
        match self.update(&key, &[Action::Remove(LINE.into())], &is_line).await {
            Ok(_) | Err(Refused::Condition(_)) => Ok(()),
            Err(Refused::Error(error)) => Err(error),
        }
    }
}

/// What a move writes, and on which condition; nothing if there is no room.
fn changes(next_move: Move, who: Who, rate: Rate, span: Duration, now: Instant) -> Option<(Vec<Action>, Condition)> {
    let at = |instant: Instant| number(instant.micros());
    let later = |instant: Instant| at(instant.plus(Duration::from_micros(1)));
    let is_before = |end| Condition::Any(vec![Condition::Missing(NEXT.into()), Condition::Below(NEXT.into(), at(end))]);
    let last_firm = now.plus(firm(rate));
    let no_line = || {
        let end = Condition::AtMost(LINE.into(), at(last_firm));
        Condition::Any(vec![Condition::Missing(LINE.into()), end])
    };
    let behind_line = |conditions: Vec<Condition>| {
        Condition::All(conditions.into_iter().chain((who == Who::New).then(no_line)).collect())
    };
    let further = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
    let from_now = || Action::Set(NEXT.into(), at(now.plus(span)));
    Some(match next_move {
        Move::SlotsFromNow => (vec![from_now()], behind_line(vec![is_before(now)])),
        Move::SlotsInsteadOfLine => (vec![from_now(), Action::Remove(LINE.into())], is_before(now.minus(idle(rate)))),
        Move::NextSlots => {
            let (from, to) = (at(now), at(now.plus(who.horizon(rate))));
            let is_there = vec![Condition::AtLeast(NEXT.into(), from), Condition::AtMost(NEXT.into(), to)];
            (vec![Action::Add(NEXT.into(), further)], behind_line(is_there))
        }
        Move::FirstPlaces => {
            let is_full = Condition::AtLeast(NEXT.into(), later(last_firm));
            (vec![Action::Set(LINE.into(), at(last_firm.plus(span)))], behind_line(vec![is_full]))
        }
        Move::NextPlaces => {
            let is_line = Condition::AtLeast(LINE.into(), later(last_firm));
            (vec![Action::Add(LINE.into(), further)], is_line)
        }
        Move::NoRoom => return None,
    })
}

fn instant(item: &Item, name: &str) -> Instant {
    let micros = item.get(name).and_then(|value| value.as_n().ok()).and_then(|micros| micros.parse().ok());
    Instant::from_micros(micros.unwrap_or_default())
}

#[cfg(test)]
mod tests;

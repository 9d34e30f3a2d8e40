//! How many messages a second a provider takes, and who sends when.
//!
//! All workers share a provider's rate by one record a configured channel. It says when the next message may be sent (the
//! *theoretical arrival time* of GCRA, the generic cell rate algorithm, ITU-T I.371): whoever wants to send takes the next
//! slots and moves that time on by as many. A slot is at most [`firm`] ahead, since a slot that nobody uses is lost, for
//! example because its notification was cancelled. Everybody else gets a place in a line, which binds nobody: who has a place
//! comes back a little before it and takes a slot then. So the places of those who do not come back cost nothing.

use std::{fmt, time::Duration};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize, Serializer};

use super::Timestamp;

/// Slots are given so far ahead, at any rate.
const FIRM: Duration = Duration::from_secs(60);
/// So many slots are given ahead, also if they take longer than [`FIRM`]. Who waits comes back some time before or after its
/// place. With few slots ahead, some would pass while nobody is there to take them.
const FIRM_SLOTS: u32 = 20;
/// A worker waits for a slot that comes so soon. For any later one its message comes back: SQS delays are whole seconds.
pub const SOON: Duration = Duration::from_secs(1);
/// A message comes back up to a second before its slot, and then its worker waits. It waits no longer than this.
pub const EARLY: Duration = Duration::from_millis(1300);
/// How late a slot may be used. Slots that are used late and in time come together at the provider.
pub const LATE: Duration = Duration::from_millis(400);
/// With this time and five slots unused, nobody in the line is coming.
const IDLE: Duration = Duration::from_secs(1);
/// The most time for which the addresses of one message take slots at once. Their worker waits from slot to slot.
const AT_ONCE: Duration = Duration::from_secs(5);
/// A provider's own count usually holds one second's messages. So much of that second is left for slots that are used late, and
/// for the way to the provider.
const FOR_DELAYS: Duration = Duration::from_millis(600);

/// The messages a second that a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Deserialize)]
#[serde(try_from = "f64")]
#[schemars(with = "f64")]
pub struct Rate(f64);

/// It is never `NaN`.
impl Eq for Rate {}

/// The number is no rate.
#[derive(Debug, thiserror::Error)]
#[error("a rate is from {} to {} a second", Rate::MIN, Rate::MAX)]
pub struct NoRate;

impl Rate {
    /// One message in 1,000 seconds.
    pub const MIN: f64 = 0.001;
    /// One write of the record takes the slots of up to ten messages, and DynamoDB does 1,000 writes a second to one item
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html>).
    pub const MAX: f64 = 10_000.0;

    /// The rate of so many messages a second; `None` out of its bounds.
    pub fn new(per_second: f64) -> Option<Self> {
        (Self::MIN..=Self::MAX).contains(&per_second).then_some(Self(per_second))
    }

    /// The messages a second.
    pub fn per_second(self) -> f64 {
        self.0
    }

    /// The time that so many messages take, rounded up to whole microseconds.
    pub fn time_of(self, messages: u32) -> Duration {
        let nanos = Duration::from_secs_f64(f64::from(messages) / self.0).as_nanos();
        Duration::from_micros(u64::try_from(nanos.div_ceil(1000)).unwrap_or(u64::MAX))
    }

    /// The most slots that the addresses of one message take at once.
    pub fn at_once(self) -> u32 {
        let mut most = 1;
        while most < 1000 && self.time_of(most + 1) <= AT_ONCE {
            most += 1;
        }
        most
    }

    /// How long before its slot a message may be sent, so that nobody waits for the exact moment: what the provider's own count
    /// allows besides `FOR_DELAYS`. That count holds the messages of one second, and two at least.
    pub fn early(self) -> Duration {
        let others = self.0.max(2.0) - 1.0;
        Duration::from_secs_f64(others / self.0).saturating_sub(FOR_DELAYS).min(Duration::from_millis(300))
    }
}

impl TryFrom<f64> for Rate {
    type Error = NoRate;

    fn try_from(per_second: f64) -> Result<Self, NoRate> {
        Self::new(per_second).ok_or(NoRate)
    }
}

/// A whole number without a decimal point.
impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.to_string().parse::<u32>() {
            Ok(whole) => serializer.serialize_u32(whole),
            Err(_) => serializer.serialize_f64(self.0),
        }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// An instant in microseconds since the Unix epoch: at 10,000 messages a second, ten of them have the same millisecond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instant(i64);

impl Instant {
    /// The instant of these microseconds since the Unix epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the Unix epoch.
    pub fn micros(self) -> i64 {
        self.0
    }

    /// The instant `time` after this one.
    pub fn plus(self, time: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The instant `time` before this one.
    pub fn minus(self, time: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(time.as_micros()).unwrap_or(i64::MAX)))
    }

    /// The time from `now` until this instant; zero if it has passed.
    pub fn after(self, now: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(now.0)).unwrap_or(0))
    }

    /// The millisecond that it is in.
    pub fn timestamp(self) -> Timestamp {
        Timestamp::from_millis(self.0.div_euclid(1000))
    }
}

impl From<Timestamp> for Instant {
    fn from(at: Timestamp) -> Self {
        Self(at.millis().saturating_mul(1000))
    }
}

/// The slots of one message: the first of them, and how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slots {
    /// The first slot.
    pub first: Instant,
    /// Their number.
    pub count: u32,
}

/// Who asks for slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// Messages that come for the first time: they do not go before those in the line.
    New,
    /// Messages that had a place in the line, or that have missed their slot.
    Returning,
    /// A message that is being sent, and needs a second provider: it cannot wait.
    AtOnce,
}

/// What a rate's record says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schedule {
    /// The next slot, unless it has passed: then the next slot is now. All slots before it are taken.
    pub next: Instant,
    /// The next place in the line, unless it is before the last firm slot: then there is no line.
    pub line: Instant,
}

/// How a schedule goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Move {
    /// Takes the slots from now on: there is no line, or those who ask may go before it.
    SlotsFromNow,
    /// Takes the slots from now on. The line has ended: nobody in it is coming.
    SlotsInsteadOfLine,
    /// Takes the slots after those that are taken.
    NextSlots,
    /// Takes the first places of a line, after the last firm slot.
    FirstPlaces,
    /// Takes the places after those that are taken.
    NextPlaces,
    /// There is no slot.
    NoRoom,
}

impl Who {
    /// How far ahead a slot of this rate may be.
    pub fn horizon(self, rate: Rate) -> Duration {
        match self {
            Self::New | Self::Returning => firm(rate),
            Self::AtOnce => SOON,
        }
    }
}

/// The farthest slot that is given. Places in the line begin after it.
pub fn firm(rate: Rate) -> Duration {
    FIRM.max(rate.time_of(FIRM_SLOTS))
}

/// How long no slot is taken before the line has ended.
pub fn idle(rate: Rate) -> Duration {
    rate.time_of(5).max(IDLE)
}

impl Schedule {
    /// How this schedule goes on. The record's own condition says the same, so an old schedule does no harm.
    pub fn next_move(self, who: Who, rate: Rate, now: Instant) -> Move {
        let is_new = who == Who::New;
        if is_new && self.line > now.plus(firm(rate)) {
            let is_over = self.next < now.minus(idle(rate));
            return if is_over { Move::SlotsInsteadOfLine } else { Move::NextPlaces };
        }
        match self.next {
            next if next < now => Move::SlotsFromNow,
            next if next <= now.plus(who.horizon(rate)) => Move::NextSlots,
            _ if is_new => Move::FirstPlaces,
            _ => Move::NoRoom,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(per_second: f64) -> Rate {
        Rate::new(per_second).unwrap()
    }

    fn at(millis: i64) -> Instant {
        Timestamp::from_millis(1_000_000 + millis).into()
    }

    #[test]
    fn a_rate_has_bounds_and_fractions_and_is_written_as_it_was_given() {
        for (per_second, text) in [(0.001, "0.001"), (0.5, "0.5"), (14.0, "14"), (33.3, "33.3"), (10_000.0, "10000")] {
            assert_eq!(serde_json::to_string(&rate(per_second)).unwrap(), text);
            assert_eq!(serde_json::from_str::<Rate>(text).unwrap(), rate(per_second));
        }
        for per_second in [0.0, -1.0, 0.000_9, 10_000.1, f64::NAN, f64::INFINITY] {
            assert_eq!(Rate::new(per_second), None, "{per_second}");
        }
        assert_eq!(
            serde_json::from_str::<Rate>("0").unwrap_err().to_string(),
            "a rate is from 0.001 to 10000 a second"
        );
    }

    #[test]
    fn messages_take_at_least_their_time() {
        assert_eq!(rate(14.0).time_of(1), Duration::from_micros(71_429));
        assert_eq!(rate(14.0).time_of(14), Duration::from_secs(1));
        assert_eq!(rate(0.5).time_of(3), Duration::from_secs(6));
        assert_eq!(rate(10_000.0).time_of(10), Duration::from_millis(1));
        for (per_second, most) in [(0.001, 1), (0.5, 2), (14.0, 70), (10_000.0, 1000)] {
            assert_eq!(rate(per_second).at_once(), most, "{per_second}");
        }
    }

    /// Slots may be used from [`Rate::early`] before until [`LATE`] after, and then the message is on its way for up to 200 ms.
    /// Within any time a provider gets no more than that adds to its rate.
    #[test]
    fn a_provider_that_counts_a_second_s_messages_never_has_to_refuse() {
        for per_second in [0.001, 0.5, 1.0, 3.0, 5.0, 10.0, 14.0, 100.0, 10_000.0] {
            let rate = rate(per_second);
            let spread = rate.early() + Duration::from_millis(if per_second < 10.0 { 200 } else { 600 });
            let most = per_second.max(2.0);
            assert!(spread.as_secs_f64() * per_second + 1.0 <= most + 1e-9, "{per_second}: {spread:?}");
        }
        assert_eq!((rate(14.0).early(), rate(2.0).early()), (Duration::from_millis(300), Duration::ZERO));
    }

    #[test]
    fn newcomers_take_slots_until_there_is_a_line_and_then_places() {
        let (now, of) = (at(0), |next, line| Schedule { next: at(next), line: at(line) });
        let new = |schedule: Schedule| schedule.next_move(Who::New, rate(14.0), now);
        assert_eq!(new(Schedule::default()), Move::SlotsFromNow);
        assert_eq!(new(of(-1, -1)), Move::SlotsFromNow);
        assert_eq!(new(of(0, 0)), Move::NextSlots);
        assert_eq!(new(of(60_000, 60_000)), Move::NextSlots);
        assert_eq!(new(of(60_001, 0)), Move::FirstPlaces);
        assert_eq!(new(of(60_001, 60_001)), Move::NextPlaces);
        assert_eq!(new(of(0, 90_000)), Move::NextPlaces, "they do not go before the line");
        assert_eq!(new(of(-1000, 90_000)), Move::NextPlaces);
        assert_eq!(new(of(-1001, 90_000)), Move::SlotsInsteadOfLine, "nobody in the line is coming");
        let slow = of(-9_000, 90_000).next_move(Who::New, rate(0.5), now);
        assert_eq!(slow, Move::NextPlaces, "at this rate a slot is two seconds");
    }

    #[test]
    fn slots_are_given_for_a_minute_and_at_a_slow_rate_for_twenty_messages() {
        for (per_second, seconds) in [(10_000.0, 60), (14.0, 60), (0.5, 60), (0.1, 200), (0.001, 20_000)] {
            let (rate, now) = (rate(per_second), at(0));
            for (millis, expected) in [(0, Move::NextSlots), (1, Move::FirstPlaces)] {
                let schedule = Schedule { next: at(seconds * 1000 + millis), ..Schedule::default() };
                assert_eq!(schedule.next_move(Who::New, rate, now), expected, "{per_second}");
            }
            let line = Schedule { next: at(0), line: at(seconds * 1000) };
            assert_eq!(line.next_move(Who::New, rate, now), Move::NextSlots, "{per_second}: there is no line");
        }
    }

    #[test]
    fn who_had_a_place_takes_a_slot_and_who_cannot_wait_takes_only_one_that_comes_soon() {
        let (now, of) = (at(0), |next| Schedule { next: at(next), line: at(90_000) });
        let returning = |next| of(next).next_move(Who::Returning, rate(14.0), now);
        assert_eq!(returning(-1), Move::SlotsFromNow);
        assert_eq!((returning(0), returning(60_000)), (Move::NextSlots, Move::NextSlots));
        assert_eq!(returning(60_001), Move::NoRoom);
        let at_once = |next| of(next).next_move(Who::AtOnce, rate(14.0), now);
        assert_eq!((at_once(-1), at_once(1000)), (Move::SlotsFromNow, Move::NextSlots));
        assert_eq!(at_once(1001), Move::NoRoom);
    }
}

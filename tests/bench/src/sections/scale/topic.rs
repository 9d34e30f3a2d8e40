//! One run to a topic of ten million subscribers, second by second: how fast its workers can be, which limit is the lowest, and what
//! each key of the table takes meanwhile. Its pages and its deliveries are in one queue, so the workers do both, page by page.

use super::channel::BATCH;
use super::quotas::{Id, Quotas};
use super::scenario::Limits;
use crate::costs::{Assumed, Invocation};

/// The subscribers of the topic.
pub const SUBSCRIBERS: f64 = 1e7;
/// New subscriptions a second to one topic.
pub const SUBSCRIPTIONS: f64 = 10_000.0;
/// A topic's subscribers are read this long after the run was accepted, in seconds (`functions/notifications/src/run_accept.rs`).
const INDEX_DELAY: f64 = 3.0;
/// The subscribers of one page, at most (`shared/src/store/run_pages.rs`).
const PAGE: f64 = 200.0;
/// Before a page sends the message of the page after it, it waits for so many calls: its state, its topic, the index, its own record,
/// the message; and SQS and Lambda hand it over, two calls more (`functions/dispatch/src/expand.rs`).
const CHAINED: f64 = 7.0;
/// Each topic has so many copies, of which a batch reads one (`shared/src/store/topics.rs`).
pub const COPIES: f64 = 8.0;
/// The bytes of an entry of the index of subscribers: its four keys, and the names of these.
pub const ENTRY_BYTES: f64 = 210.0;
/// A read unit of an index is for so many bytes that may be a moment old.
const LATE_UNIT_BYTES: f64 = 8192.0;
/// How many write units a recipient's notification has, its entry in the list of its user included.
const NOTIFICATION: f64 = 2.0;

/// What such a run is made of.
#[derive(Debug, Clone, Copy)]
pub struct Topic {
    /// How many subscribers it has.
    pub subscribers: f64,
    /// In how many parts the index has them.
    pub parts: f64,
    /// The expansion of a page.
    pub page: Invocation,
    /// A batch of ten deliveries.
    pub ten: Invocation,
    /// For what was not measured.
    pub assumed: Assumed,
}

/// What makes such a run no faster.
#[derive(Debug, Clone, PartialEq)]
pub struct Bound {
    /// The limit, in words.
    pub what: &'static str,
    /// The recipients a second that it lets through.
    pub rate: f64,
}

/// When such a run is over, in seconds after its acceptance.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The last message is on its queue.
    pub on_queue: f64,
    /// The last message was sent.
    pub sent: f64,
    /// What made it no faster, once all workers are there.
    pub bound: Bound,
}

/// The load of one key.
#[derive(Debug, Clone, PartialEq)]
pub struct Heat {
    /// The key.
    pub key: &'static str,
    /// Its units a second.
    pub units: f64,
    /// What a partition takes a second.
    pub limit: f64,
}

impl Heat {
    /// The part of the limit: 1 is all of it.
    pub fn part(&self) -> f64 {
        self.units / self.limit
    }
}

impl Topic {
    /// The work of one worker for one recipient, in seconds.
    fn takes(&self) -> f64 {
        let page = self.page.takes_ms(&self.assumed) / self.page.pieces;
        (page + self.ten.takes_ms(&self.assumed) / BATCH) / 1000.0
    }

    fn each(&self, units: fn(&Invocation) -> f64) -> f64 {
        units(&self.page) / self.page.pieces + units(&self.ten) / BATCH
    }

    /// The recipients a second that each limit but the provider's lets through, with so many workers.
    fn bounds(&self, limits: &Limits, quotas: &Quotas, workers: f64) -> [Bound; 5] {
        let chained = CHAINED * self.assumed.call_ms.max(1.0) / 1000.0;
        let (write, read) = (self.each(|one| one.write), self.each(|one| one.read));
        let hottest = self.heat(1.0, quotas).iter().map(Heat::part).fold(0.0, f64::max);
        [
            Bound { what: "the channel's concurrency", rate: workers / self.takes() },
            Bound { what: "the table's write units", rate: limits.write / write },
            Bound { what: "the table's read units", rate: limits.read / read },
            Bound { what: "one key's partition", rate: 1.0 / hottest.max(f64::MIN_POSITIVE) },
            Bound { what: "each part's pages, one after the other", rate: self.parts * PAGE / chained },
        ]
    }

    /// How many workers such a run can use: with more it is no faster.
    pub fn workers(&self, limits: &Limits, quotas: &Quotas, provider: f64) -> f64 {
        let [_, others @ ..] = self.bounds(limits, quotas, f64::INFINITY);
        let rate = lowest(others.into_iter().chain([of_provider(provider)])).rate;
        (rate * self.takes()).ceil().clamp(2.0, quotas.limit(Id::AccountConcurrency))
    }

    /// What becomes of a run under these limits, on a channel with so many workers and a provider that takes so many a second.
    pub fn run(&self, limits: &Limits, quotas: &Quotas, workers: f64, provider: f64) -> Outcome {
        let rate = |workers| lowest(self.bounds(limits, quotas, workers).into_iter()).rate;
        // An event source begins with a few workers, and gets more by so many a second.
        let (mut left, mut now, mut on_queue) = (self.subscribers, 0.0, INDEX_DELAY);
        loop {
            let there = (limits.start + limits.growth * now).min(workers);
            let done = rate(there);
            if there >= workers || left <= done {
                on_queue += now + left / done;
                break;
            }
            left -= done;
            now += 1.0;
        }
        let bound = lowest(self.bounds(limits, quotas, workers).into_iter().chain([of_provider(provider)]));
        // What the provider does not take yet waits for its turn, and holds up no page. The last one is sent a batch later.
        let last = self.ten.takes_ms(&self.assumed) / 1000.0;
        let sent = on_queue.max(INDEX_DELAY + self.subscribers / provider) + last;
        Outcome { on_queue, sent, bound }
    }

    /// What each key of the run takes at so many recipients a second.
    pub fn heat(&self, rate: f64, quotas: &Quotas) -> [Heat; 4] {
        let [write, read] = [Id::PartitionWrite, Id::PartitionRead].map(|id| quotas.limit(id));
        let (pages, batches) = (rate / self.page.pieces, rate / BATCH);
        let own = self.page.write - NOTIFICATION * self.page.pieces;
        let entries = self.page.pieces * ENTRY_BYTES / LATE_UNIT_BYTES;
        [
            Heat { key: "the run: its pages, written", units: pages * own, limit: write },
            Heat { key: "the run: its state, read by each batch", units: batches, limit: read },
            Heat {
                key: "one of the topic's copies, read by a batch and a page",
                units: (pages + batches) / COPIES,
                limit: read,
            },
            Heat {
                key: "one part of the index of subscribers, read",
                units: pages * entries / self.parts,
                limit: read,
            },
        ]
    }

    /// What each key takes while so many users a second subscribe to one topic.
    pub fn subscribing(&self, subscribe: &Invocation, rate: f64, quotas: &Quotas) -> [Heat; 4] {
        let [write, read] = [Id::PartitionWrite, Id::PartitionRead].map(|id| quotas.limit(id));
        // Half of a subscription's units are the item's, half those of its entry in the index.
        let half = subscribe.write / 2.0;
        [
            Heat {
                key: "one part of the index of subscribers, written",
                units: rate * half / self.parts,
                limit: write,
            },
            Heat { key: "one of the topic's copies, read", units: rate / COPIES, limit: read },
            Heat { key: "a user's own items", units: half, limit: write },
            Heat {
                key: "the table and the index, together",
                units: rate * subscribe.write,
                limit: quotas.limit(Id::TableWrite),
            },
        ]
    }
}

fn of_provider(rate: f64) -> Bound {
    Bound { what: "the provider's rate", rate }
}

/// The limit that lets the fewest through.
fn lowest(bounds: impl Iterator<Item = Bound>) -> Bound {
    let none = Bound { what: "nothing", rate: f64::INFINITY };
    bounds.fold(none, |lowest, one| if one.rate < lowest.rate { one } else { lowest })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::costs::logs::LogFormat;

    const ASSUMED: Assumed = Assumed { call_ms: 5.0, slower: 1.0, log_format: LogFormat::Json, kept_days: 0.0 };

    /// A page of 200 takes a second and 406 write units; ten deliveries take a tenth of a second, 20 write and 30 read units.
    fn topic() -> Topic {
        let one = Invocation { memory_mb: 1769.0, ..Invocation::default() };
        let page = Invocation { pieces: 200.0, provider_ms: 1000.0, write: 406.0, read: 310.0, ..one };
        let ten = Invocation { pieces: 10.0, provider_ms: 100.0, write: 20.0, read: 30.0, ..one };
        Topic { subscribers: 1e6, parts: 16.0, page, ten, assumed: ASSUMED }
    }

    fn free() -> Limits {
        Limits {
            requests: f64::INFINITY,
            concurrency: f64::INFINITY,
            channels: [1000.0; 5],
            start: 1000.0,
            growth: 5.0,
            write: f64::INFINITY,
            read: f64::INFINITY,
            partition: 1000.0,
            providers: [f64::INFINITY; 5],
        }
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() <= 1e-6 * expected.abs().max(1.0), "{found}, and not {expected}");
    }

    #[test]
    fn workers_do_the_pages_and_the_deliveries() {
        let quotas = Quotas::read().unwrap();
        // 5 ms of a page and 10 ms of a batch for each recipient: 15 workers do 1,000 a second.
        let Outcome { on_queue, sent, bound } = topic().run(&free(), &quotas, 15.0, f64::INFINITY);
        close(bound.rate, 1000.0);
        assert_eq!(bound.what, "the channel's concurrency");
        close(on_queue, INDEX_DELAY + 1000.0);
        close(sent, on_queue + 0.1);
    }

    #[test]
    fn an_event_source_grows_and_what_is_there_meanwhile_works() {
        let quotas = Quotas::read().unwrap();
        let limits = Limits { start: 5.0, growth: 1.0, ..free() };
        // 5, 6, … 14 workers do 95 / 0.015 in the first ten seconds, and 15 the rest.
        let outcome = topic().run(&limits, &quotas, 15.0, f64::INFINITY);
        close(outcome.on_queue, INDEX_DELAY + 10.0 + (1e6 - 95.0 / 0.015) / 1000.0);
        let few = Topic { subscribers: 300.0, ..topic() }.run(&limits, &quotas, 15.0, f64::INFINITY);
        close(few.on_queue, INDEX_DELAY + 0.9);
    }

    #[test]
    fn a_provider_holds_up_what_is_sent_and_no_page() {
        let quotas = Quotas::read().unwrap();
        let outcome = topic().run(&free(), &quotas, 15.0, 10.0);
        assert_eq!(outcome.bound, Bound { what: "the provider's rate", rate: 10.0 });
        close(outcome.on_queue, INDEX_DELAY + 1000.0);
        close(outcome.sent, INDEX_DELAY + 1e5 + 0.1);
    }

    #[test]
    fn the_lowest_limit_binds_and_more_workers_than_it_needs_are_not_asked_for() {
        let quotas = Quotas::read().unwrap();
        // 4.03 write units each, and 4.55 read units.
        for (limits, what, rate) in [
            (Limits { write: 4030.0, ..free() }, "the table's write units", 1000.0),
            (Limits { read: 9100.0, ..free() }, "the table's read units", 2000.0),
            // The state is read once for ten deliveries: 30,000 a second. A page writes six units of the run's: 33,333.
            (free(), "one key's partition", 30_000.0),
        ] {
            let outcome = topic().run(&limits, &quotas, 1e9, f64::INFINITY);
            assert_eq!(outcome.bound.what, what);
            close(outcome.bound.rate, rate);
            // Rounded up, and by at most one.
            let more = topic().workers(&limits, &quotas, f64::INFINITY) - rate * 0.015;
            assert!((-1e-6..=1.0 + 1e-6).contains(&more), "{what}: {more}");
        }
        close(topic().workers(&free(), &quotas, 390.0), 6.0);
        // Sixteen parts, 200 each, one page after the other: seven calls of 50 ms.
        let slow = Topic { assumed: Assumed { call_ms: 50.0, ..ASSUMED }, ..topic() };
        let bound = slow.run(&free(), &quotas, 1e9, f64::INFINITY).bound;
        assert_eq!(bound.what, "each part's pages, one after the other");
        close(bound.rate, 16.0 * 200.0 / 0.35);
    }

    #[test]
    fn a_topic_s_subscriptions_are_spread_over_its_parts_and_copies() {
        let quotas = Quotas::read().unwrap();
        let subscribe = Invocation { write: 2.0, ..Invocation::default() };
        let [part, copy, user, table] = topic().subscribing(&subscribe, 10_000.0, &quotas);
        close(part.units, 625.0);
        close(copy.units, 1250.0);
        close(user.units, 1.0);
        close(table.part(), 0.5);
        assert!([&part, &copy, &user].iter().all(|heat| heat.part() < 1.0));
        let alone = Topic { parts: 1.0, ..topic() };
        assert!(alone.subscribing(&subscribe, 10_000.0, &quotas)[0].part() > 1.0, "one part would be too hot");
    }

    #[test]
    fn a_run_heats_its_keys_by_pages_and_batches_and_not_by_recipients() {
        let quotas = Quotas::read().unwrap();
        let [pages, state, copy, part] = topic().heat(10_000.0, &quotas);
        close(pages.units, 50.0 * 6.0);
        close(state.units, 1000.0);
        close(copy.units, 1050.0 / 8.0);
        close(part.units, 50.0 * 200.0 * ENTRY_BYTES / 8192.0 / 16.0);
    }
}

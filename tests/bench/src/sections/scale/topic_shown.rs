//! The tables of a run to a large topic, and its goals.

use super::channel::BATCH;
use super::day::CHANNELS;
use super::quotas::Quotas;
use super::scenario::{Limits, as_deployed, providers_raised};
use super::shown::{count, time};
use super::topic::{COPIES, ENTRY_BYTES, Heat, Outcome, SUBSCRIBERS, SUBSCRIPTIONS, Topic};
use crate::costs::{Invocation, Kind, Measured, Prices};
use crate::section::{Aim, Fault, Section};
use crate::sections::money;
use crate::table::Table;

/// A run on one channel under one set of limits.
struct Shown {
    channel: &'static str,
    limits: &'static str,
    workers: f64,
    outcome: Outcome,
    dollars: f64,
}

/// All that is shown.
pub struct Topics {
    runs: Vec<Shown>,
    heat: [Heat; 4],
    subscribing: [Heat; 4],
    parts: f64,
    page: f64,
}

impl Topics {
    /// Runs the model.
    pub fn of(prices: &Prices, quotas: &Quotas, measured: &Measured) -> Result<Self, Fault> {
        let deployed = as_deployed(quotas);
        let raised = providers_raised(quotas);
        let mut runs = Vec::new();
        let mut fastest = None;
        for (place, channel) in CHANNELS.iter().enumerate() {
            let topic = topic(measured, channel.name)?;
            let of = |name, limits: &Limits, workers: f64| {
                let outcome = topic.run(limits, quotas, workers, limits.providers[place]);
                let usage = topic.page.usage(&topic.assumed).times(1.0 / topic.page.pieces);
                let usage = usage.plus(&topic.ten.usage(&topic.assumed).times(1.0 / BATCH)).times(topic.subscribers);
                let dollars = prices.bill(&usage).without_storage();
                Shown { channel: channel.name, limits: name, workers, outcome, dollars }
            };
            let sized = topic.workers(&raised, quotas, raised.providers[place]).max(raised.channels[place]);
            runs.push(of("a new deployment", &deployed, deployed.channels[place]));
            runs.push(of("providers raised", &raised, raised.channels[place]));
            let sized = of("sized", &raised, sized);
            if channel.name == "push" {
                fastest = Some(topic.heat(sized.outcome.bound.rate, quotas));
            }
            runs.push(sized);
        }
        let push = topic(measured, "push")?;
        Ok(Self {
            runs,
            heat: fastest.ok_or("there is no push")?,
            subscribing: push.subscribing(&measured.of(Kind::Subscribe)?, SUBSCRIPTIONS, quotas),
            parts: push.parts,
            page: push.page.pieces,
        })
    }

    /// The tables.
    pub fn tables(&self) -> [Table; 3] {
        [self.times(), self.hot(), self.subscriptions()]
    }

    fn times(&self) -> Table {
        let columns = [
            "channel",
            "limits",
            "at once",
            "recipients a second",
            "the last on its queue",
            "the last sent",
            "what binds",
            "dollars",
        ];
        let mut table = Table::new("A run to a topic of 10 million", &columns);
        for Shown { channel, limits, workers, outcome, dollars } in &self.runs {
            table.row([
                (*channel).to_owned(),
                (*limits).to_owned(),
                workers.to_string(),
                format!("{:.0}", outcome.bound.rate),
                time(outcome.on_queue),
                time(outcome.sent),
                outcome.bound.what.to_owned(),
                format!("{dollars:.2}"),
            ]);
        }
        table.note(format!(
            "Times are from the acceptance on. \"At once\" is the channel's `…Concurrency`; \"sized\" has as many as the run can use, and never fewer than the template's default. \
             Pages and deliveries are in one queue, so a page waits for the deliveries before it, and the last message comes into the queue a \
             moment before it is sent; but what waits for its provider's rate waits for its turn and holds up no page. In flight are at most \
             {BATCH} messages for each of these invocations, far from 120,000. The dollars are without what the provider takes, and without \
             receives that only wait."
        ))
    }

    fn hot(&self) -> Table {
        let mut table = Table::new(
            "What each key takes at the fastest of these by push, sized",
            &["key", "units a second", "of what a partition takes"],
        );
        rows(&mut table, &self.heat);
        table.note(format!(
            "A page has {:.0} subscribers in the mean of a topic of 10,000, and 200 of a larger one. Each of the index's {} parts has {} \
             entries of some {ENTRY_BYTES} bytes, {:.2} GB: DynamoDB may split them by size, and none has to be for heat. Recipients' \
             notifications have random keys.",
            self.page,
            self.parts,
            count(SUBSCRIBERS / self.parts),
            SUBSCRIBERS / self.parts * ENTRY_BYTES / 1e9
        ))
    }

    fn subscriptions(&self) -> Table {
        let mut table =
            Table::new("10,000 subscriptions a second to one topic", &["key", "units a second", "of what it takes"]);
        rows(&mut table, &self.subscribing);
        table.note(format!(
            "Entries of the index rise with time, so that a part of it is never split for heat: {} parts take {} a second together. A topic has {COPIES} \
             copies, and a user's hash says which one a subscription reads. The table has 40,000 write units by default.",
            self.parts,
            count(self.parts * 1000.0)
        ))
    }

    /// The figures of the goals.
    pub fn goals(&self, section: &mut Section, [sent, heat, subscribing]: [&'static Aim; 3]) {
        let sized = self.runs.iter().find(|run| run.channel == "push" && run.limits == "sized");
        if let Some(Shown { outcome, workers, .. }) = sized {
            let figure = format!("within {} ({workers} at once; then {} bind)", time(outcome.sent), outcome.bound.what);
            section.measured(sent, figure, outcome.sent <= 3600.0);
        }
        for (aim, heats) in [(heat, self.heat.as_slice()), (subscribing, self.subscribing.as_slice())] {
            let Some(hottest) = heats.iter().max_by(|one, other| one.part().total_cmp(&other.part())) else { continue };
            let figure = format!("{:.0}% ({})", hottest.part() * 100.0, hottest.key);
            section.measured(aim, figure, hottest.part() <= 0.8);
        }
    }
}

fn rows(table: &mut Table, heats: &[Heat]) {
    for heat in heats {
        let percent = heat.part() * 100.0;
        let percent = if percent >= 1.0 { format!("{percent:.0}%") } else { format!("{percent:.2}%") };
        table.row([heat.key.to_owned(), format!("{:.0}", heat.units), percent]);
    }
}

/// The run on this channel.
fn topic(measured: &Measured, channel: &str) -> Result<Topic, Fault> {
    let of = |kind| measured.of(kind);
    let ten = match channel {
        "email" => of(Kind::TopicMailTen)?,
        "push" => of(Kind::TopicPushTen)?,
        // What a run adds to a delivery is the same on each channel.
        "in_app" => {
            let (alone, run, slack) = (of(Kind::InAppTen)?, of(Kind::TopicSlackTen)?, of(Kind::SlackTen)?);
            Invocation {
                read: alone.read + run.read - slack.read,
                calls: alone.calls + run.calls - slack.calls,
                waits: alone.waits + run.waits - slack.waits,
                ..alone
            }
        }
        _ => of(Kind::TopicSlackTen)?,
    };
    let parts = shared::store::PARTS as f64;
    Ok(Topic { subscribers: SUBSCRIBERS, parts, page: of(Kind::ExpandTopic)?, ten, assumed: money::usual() })
}

//! A day of millions of notifications under AWS's published quotas, by a model. It is given the figures that the section about money
//! has measured.

mod channel;
mod day;
mod demand;
mod lateness;
mod quotas;
mod runs;
mod scenario;
mod shown;
mod simulate;
#[cfg(test)]
mod tests;
mod topic;
mod topic_shown;

use self::demand::DAYS;
use self::quotas::Quotas;
use self::runs::Runs;
use self::topic_shown::Topics;
use crate::costs::{Measured, Prices};
use crate::section::{Aim, Fault, Section};

const LATE: Aim = Aim {
    what: "A day of 100 million, a million of them due at 07:00: 99.9% of what no provider holds up is sent",
    goal: "within 5 minutes",
};
const RELEASED: Aim = Aim { what: "A million due at 07:00: the last one is on its queue", goal: "before it is due" };
const DRAINED: Aim = Aim {
    what: "An hour without a provider at 100 million a day: nothing of it waits any more",
    goal: "2 hours after its end",
};
const APART: Aim =
    Aim { what: "An hour without a provider: the other channels' 99th percentile", goal: "≤ 2 s more" };

const TOPIC: Aim =
    Aim { what: "A run to a topic of 10 million by push: the last message is sent", goal: "within an hour" };
const HEAT: Aim = Aim { what: "The same run: the hottest key", goal: "≤ 80% of a partition" };
const SUBSCRIBING: Aim =
    Aim { what: "10,000 subscriptions a second to one topic: the hottest key", goal: "≤ 80% of a partition" };

/// The goals of this section.
pub const AIMS: &[&Aim] = &[&LATE, &RELEASED, &DRAINED, &APART, &TOPIC, &HEAT, &SUBSCRIBING];

/// Runs the section. It measures nothing, and takes seconds.
pub fn run() -> Result<Section, Fault> {
    let (prices, quotas, measured) = (Prices::read()?, Quotas::read()?, Measured::latest()?);
    let runs = Runs::of(&quotas, &measured)?;
    let mut section = Section::new(format!(
        "A model: nothing here was measured on AWS. It is given what the section about money has measured (of {}: processor time, units, \
         calls, and the waits by its assumptions of 5 ms a call and 100 ms for a provider), the template's parameters, and the quotas of the \
         table at the end. Deliveries are a fluid that flows second by second: from the callers through the API into the queue of one of \
         five channels, to workers that take up to ten at once, and to a provider. There is no chance in it: the same figures give the same day.",
        measured.of
    ));
    if !measured.release {
        section.say(
            "**The figures are of a debug build: with them everything takes many times as long as what is deployed.**",
        );
    }
    section.say(
        "The day: a quiet night, a peak before noon and one in the evening (1.7 times the mean); 45% push, 30% email, 20% inbox, 4% Slack, 1% \
         SMS; one in a hundred notifications is requested in the night for 07:00, which at 100 million is a million at once; and the provider \
         of push answers with errors from 10:00 to 11:00. Its deliveries use up their five attempts within six minutes and become dead letters, \
         which an operator redrives from 11:15 on.",
    );
    section.say(
        "Lateness is the time from when a notification was requested, or due, to the end of the batch that sent it. \"A new deployment\" has all \
         parameters at their defaults, an SES account that has just left the sandbox, one toll-free number, one Slack workspace and a new table. \
         \"Providers raised\" has asked SES for what it needs, has a short code and many workspaces, and its table is warm. \"Sized\" has also the \
         parameters of the next table. Not in the dollars: what providers take, and the second and third receive of what waits for a \
         provider's rate.",
    );
    section.tables.push(shown::days(&runs));
    section.tables.push(shown::taken(&prices, &runs));
    section.tables.push(shown::parameters(&runs));
    section.tables.push(demand::table(&runs.demand.needs(&quotas)));
    section.tables.push(shown::mornings(&runs));
    section.tables.push(shown::outages(&prices, &runs));
    section.say(
        "A run to a topic is not a part of the day. It has the table and its channel to itself, and its subscribers are found, given a \
         notification each and sent to by the same workers.",
    );
    let topics = Topics::of(&prices, &quotas, &measured)?;
    section.tables.extend(topics.tables());
    section.tables.push(quotas.table());
    section.plots.extend(shown::plots(&runs, &quotas));
    shown::goals(&mut section, &runs, [&LATE, &RELEASED, &DRAINED, &APART]);
    topics.goals(&mut section, [&TOPIC, &HEAT, &SUBSCRIBING]);
    Ok(section)
}

//! The tables, plots and goals of the model's runs.

use super::DAYS;
use super::day::{CHANNELS, MORNING, PUSH};
use super::demand::figures;
use super::quotas::Quotas;
use super::runs::{Named, Runs};
use crate::costs::Prices;
use crate::plot::{Axis, Plot, Series, Shape};
use crate::section::{Aim, Section};
use crate::table::Table;

/// When the outage ends.
const OUTAGE_ENDS: usize = 11 * 3600;

/// What waits and how late it is on each day, under each set of limits.
pub fn days(runs: &Runs) -> Table {
    let columns =
        ["millions a day", "limits", "most waiting", "waiting at midnight", "late, p50", "p99", "p99.9", "push, p99"];
    let mut table = Table::new("A day under the quotas: what waits, and how late it is", &columns);
    for Named { name, notifications, outcome } in &runs.days {
        let others = outcome.lateness_without(Some(PUSH));
        table.row([
            figures(notifications / 1e6),
            name.clone(),
            count(outcome.peaks.backlog),
            count(outcome.at_midnight),
            time(others.within(0.5)),
            time(others.within(0.99)),
            time(others.within(0.999)),
            time(outcome.channels[PUSH].lateness.within(0.99)),
        ]);
    }
    table.note(
        "Lateness is of all channels but push, whose provider is down for an hour, and of push by itself; what is not sent after three days \
         is not in it.",
    )
}

/// What each day takes of AWS, under each set of limits.
pub fn taken(prices: &Prices, runs: &Runs) -> Table {
    let columns = [
        "millions a day",
        "limits",
        "at once",
        "in flight",
        "writes a second",
        "reads a second",
        "write units, million",
        "read units, million",
        "dollars",
        "a million",
    ];
    let mut table = Table::new("The same days: what they take of AWS", &columns);
    for Named { name, notifications, outcome } in &runs.days {
        let dollars = prices.bill(&outcome.usage).together();
        table.row([
            figures(notifications / 1e6),
            name.clone(),
            format!("{:.0}", outcome.peaks.concurrency),
            format!("{:.0}", outcome.peaks.in_flight),
            format!("{:.0}", outcome.peaks.write),
            format!("{:.0}", outcome.peaks.read),
            format!("{:.1}", outcome.usage.write / 1e6),
            format!("{:.1}", outcome.usage.read / 1e6),
            format!("{dollars:.2}"),
            format!("{:.2}", dollars / (notifications / 1e6)),
        ]);
    }
    table.note(
        "\"At once\" is invocations of all functions, \"in flight\" messages of the queue that has the most; these and the two columns after \
         them are the most of any second. The dollars are for accepting, holding, releasing and delivering, with logs and with what the table \
         keeps.",
    )
}

/// The parameters that the days need.
pub fn parameters(runs: &Runs) -> Table {
    let columns = ["millions a day", "ThrottleRate", "Email", "Push", "Sms", "Slack", "InApp", "together"];
    let mut table = Table::new("Parameters for a day: `ThrottleRate`, and each channel's `…Concurrency`", &columns);
    for (notifications, parameters) in &runs.parameters {
        let together: f64 = parameters.concurrency.iter().sum();
        let numbers = [parameters.throttle_rate].into_iter().chain(parameters.concurrency).chain([together]);
        table.row(std::iter::once(figures(notifications / 1e6)).chain(numbers.map(|number| number.to_string())));
    }
    table.note("Twice what the peak needs, and the morning's deliveries within five minutes; never less than the template's defaults.")
}

/// A million due at 07:00, by how they are released.
pub fn mornings(runs: &Runs) -> Table {
    let columns = ["the release", "on the queue by 07:00", "the last one", "late, p50", "p99", "most"];
    let mut table = Table::new("A million due at 07:00, released from the list of what is held", &columns);
    for Named { name, outcome, .. } in &runs.mornings {
        let late = &outcome.morning_lateness;
        table.row([
            name.clone(),
            count(outcome.released_in_time),
            clock(outcome.released_at),
            time(late.within(0.5)),
            time(late.within(0.99)),
            time(late.most()),
        ]);
    }
    let release = runs.releases.now;
    table.note(format!(
        "A process releases {:.0} a second: each takes {:.2} ms of its share of a processor. It works for {} s of each minute, until its \
         time is over and the schedule calls again.",
        1.0 / release.takes,
        release.takes * 1000.0,
        release.works
    ))
}

/// An hour without the provider of push.
pub fn outages(prices: &Prices, runs: &Runs) -> Table {
    let columns = [
        "from 10:00 to 11:00 the provider gives",
        "most waiting",
        "dead letters",
        "gone after 11:00",
        "push late, p50",
        "p99",
        "most",
        "others, p99",
        "dollars more",
    ];
    let mut table = Table::new("An hour without the provider of push, at 100 million a day", &columns);
    let usual = runs.outages.first().map_or(0.0, |named| prices.bill(&named.outcome.usage).together());
    for (number, Named { name, outcome, .. }) in runs.outages.iter().enumerate() {
        let push = &outcome.channels[PUSH];
        let (from, to) = (9 * 60, 24 * 60);
        let waiting = push.backlog.iter().take(to).skip(from).copied().fold(0.0, f64::max);
        let drained = outcome.drained_after(OUTAGE_ENDS).filter(|_| number > 0);
        table.row([
            name.clone(),
            count(waiting),
            count(push.dead),
            drained.map_or("–".to_owned(), |after| time(after as f64)),
            time(push.lateness.within(0.5)),
            time(push.lateness.within(0.99)),
            time(push.lateness.most()),
            time(outcome.lateness_without(Some(PUSH)).within(0.99)),
            format!("{:.2}", prices.bill(&outcome.usage).together() - usual),
        ]);
    }
    table.note(
        "\"Waiting\" is in the queue or for the next attempt, after 09:00. Dead letters are redriven from 11:15 on. A pause \
         (`PUT /api/v1/pauses/channel:push`) holds what comes, at no attempt, and is ended at 11:00.",
    )
}

/// The plots.
pub fn plots(runs: &Runs, quotas: &Quotas) -> Vec<Plot> {
    let mut plots = Vec::new();
    if let Some(day) = runs.largest() {
        let of = |values: &[f64]| every(values, 5).map(|(minute, value)| (minute / 60.0, value)).collect::<Vec<_>>();
        let backlog =
            CHANNELS.iter().zip(&day.outcome.channels).map(|(mix, sent)| Series::line(mix.name, of(&sent.backlog)));
        plots.push(lines(
            "scale-backlog",
            "What waits over the day, 100 million a day, sized",
            ("hour of the day", ""),
            ("in the queue or for an attempt", "deliveries"),
            backlog.collect(),
        ));
        let late = CHANNELS.iter().zip(&day.outcome.channels).map(|(mix, sent)| {
            Series::line(mix.name, of(&sent.latest).into_iter().map(|(at, late)| (at, late / 60.0)).collect())
        });
        plots.push(lines(
            "scale-lateness",
            "How late the latest delivery is, 100 million a day, sized",
            ("hour of the day", ""),
            ("the latest that is sent in five minutes", "minutes late"),
            late.collect(),
        ));
    }
    let begin = MORNING / 60 - 20;
    let morning = runs.mornings.iter().rev().skip(1).rev().map(|named| {
        let left = named.outcome.morning.iter().enumerate().skip(begin).take(75);
        Series::line(
            named.name.as_str(),
            left.map(|(minute, left)| (minute as f64 - MORNING as f64 / 60.0, *left)).collect(),
        )
    });
    plots.push(lines(
        "scale-morning",
        "A million due at 07:00: what is not sent yet",
        ("minutes after 07:00", ""),
        ("not sent yet", "deliveries"),
        morning.collect(),
    ));
    let outage = runs.outages.iter().map(|named| {
        let backlog = named.outcome.channels[PUSH].backlog.iter().enumerate().skip(9 * 60 + 30).take(180);
        Series::line(named.name.as_str(), backlog.map(|(minute, left)| (minute as f64 / 60.0, *left)).collect())
    });
    plots.push(lines(
        "scale-outage",
        "An hour without the provider of push: what waits",
        ("hour of the day", ""),
        ("in the queue or for an attempt", "deliveries"),
        outage.collect(),
    ));
    let mut series = vec![Series::line("the whole quota", DAYS.map(|day| (day / 1e6, 100.0)).to_vec())];
    for need in runs.demand.needs(quotas).iter().take(7) {
        let points: Vec<_> = DAYS.map(|day| (day / 1e6, need.part(day) * 100.0)).to_vec();
        series.push(Series::points(need.quota.what.as_str(), points.clone()));
        series.push(Series::line("", points));
    }
    let shape = Shape::LogLog {
        x: Axis::new("notifications a day", "millions"),
        y: Axis::new("used at the peak", "%"),
        series,
    };
    plots.push(Plot { file: "scale-quotas".to_owned(), title: "The quotas that bind first".to_owned(), shape });
    plots
}

fn lines(file: &str, title: &str, x: (&str, &str), y: (&str, &str), series: Vec<Series>) -> Plot {
    let shape = Shape::Lines { x: Axis::new(x.0, x.1), y: Axis::new(y.0, y.1), series };
    Plot { file: file.to_owned(), title: title.to_owned(), shape }
}

/// The most of each so many minutes, of a day and a half.
fn every(values: &[f64], minutes: usize) -> impl Iterator<Item = (f64, f64)> {
    let chunks = values.chunks(minutes).take(24 * 60 / minutes).enumerate();
    chunks.map(move |(number, chunk)| ((number * minutes) as f64, chunk.iter().copied().fold(0.0, f64::max)))
}

/// The figures of the goals.
pub fn goals(section: &mut Section, runs: &Runs, [late, released, drained, apart]: [&'static Aim; 4]) {
    let (Some(day), Some(morning)) = (runs.largest(), runs.mornings.last()) else { return };
    let others = day.outcome.lateness_without(Some(PUSH)).within(0.999);
    section.measured(late, format!("within {}", time(others)), others <= 300.0);
    let at = morning.outcome.released_at;
    section.measured(released, format!("at {}", clock(at)), at < MORNING);
    let gone = day.outcome.drained_after(OUTAGE_ENDS).unwrap_or_default() as f64;
    section.measured(drained, format!("{} after its end", time(gone)), gone <= 7200.0 && day.outcome.left() < 1.0);
    let mut by_outage = runs.outages.iter().map(|named| named.outcome.lateness_without(Some(PUSH)).within(0.99));
    let usual = by_outage.next().unwrap_or_default();
    let more = by_outage.fold(0.0, f64::max) - usual;
    section.measured(apart, format!("{more:.2} s more"), more <= 2.0);
}

/// A number of deliveries.
pub fn count(number: f64) -> String {
    match number {
        _ if number >= 1e6 => format!("{:.2} million", number / 1e6),
        _ if number >= 1e3 => format!("{:.0} thousand", number / 1e3),
        _ if number < 0.5 => "0".to_owned(),
        _ => format!("{number:.0}"),
    }
}

/// A time of the day.
fn clock(second: usize) -> String {
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// A length of time in its own unit.
pub fn time(seconds: f64) -> String {
    match seconds {
        _ if seconds < 10.0 => format!("{seconds:.2} s"),
        _ if seconds < 120.0 => format!("{seconds:.0} s"),
        _ if seconds < 7200.0 => format!("{:.0} min", seconds / 60.0),
        _ if seconds < 172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

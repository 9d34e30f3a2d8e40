//! The runs of the model that are shown.

use super::DAYS;
use super::day::{Day, MORNING, PUSH};
use super::demand::Demand;
use super::quotas::Quotas;
use super::scenario::{
    HANGS, Limits, Others, Parameters, REFUSES, Release, Releases, Scenario, as_deployed, outage, providers_raised,
    sized, works,
};
use super::simulate::{Outcome, run};
use crate::costs::Measured;
use crate::section::Fault;
use crate::sections::money;

use super::channel::Work;

/// One run with its name.
pub struct Named {
    /// What was different.
    pub name: String,
    /// The day's notifications.
    pub notifications: f64,
    /// What happened.
    pub outcome: Outcome,
}

/// All runs.
pub struct Runs {
    /// Each size of the day under each set of limits.
    pub days: Vec<Named>,
    /// The largest day without an outage, with each release.
    pub mornings: Vec<Named>,
    /// The largest day with each kind of outage.
    pub outages: Vec<Named>,
    /// The parameters for each size of the day.
    pub parameters: Vec<(f64, Parameters)>,
    /// How the schedule releases what is held.
    pub releases: Releases,
    /// What the quotas are compared with.
    pub demand: Owned,
}

/// What a demand is worked out from.
pub struct Owned {
    work: [Work; 5],
    others: Others,
    release: Release,
}

impl Owned {
    /// All quotas that a larger day needs more of.
    pub fn needs<'q>(&self, quotas: &'q Quotas) -> Vec<super::demand::Need<'q>> {
        Demand { work: &self.work, others: &self.others, release: &self.release }.needs(quotas)
    }
}

impl Runs {
    /// Runs the model.
    pub fn of(quotas: &Quotas, measured: &Measured) -> Result<Self, Fault> {
        let releases = Releases::of(measured)?;
        let work = works(measured, money::usual())?;
        let parameters: Vec<_> = DAYS
            .iter()
            .map(|notifications| (*notifications, Parameters::of(&Day::of(*notifications), quotas, &work)))
            .collect();
        let one = |name: &str,
                   notifications: f64,
                   limits: Limits,
                   release: Release,
                   down: Option<super::scenario::Outage>| {
            let scenario = Scenario { outage: down, ..Scenario::new(notifications, limits, release, measured)? };
            let outcome = run(&scenario);
            if !outcome.has_lost_nothing() {
                return Err(format!("the model has lost deliveries: {name}, {notifications} a day").into());
            }
            Ok::<_, Fault>(Named { name: name.to_owned(), notifications, outcome })
        };
        let refused = Some(outage(REFUSES, None));
        let mut days = Vec::new();
        for (notifications, parameters) in &parameters {
            for (name, limits) in [
                ("a new deployment", as_deployed(quotas)),
                ("providers raised", providers_raised(quotas)),
                ("sized", sized(quotas, parameters)),
            ] {
                days.push(one(name, *notifications, limits, releases.now, refused)?);
            }
        }
        let Some((largest, needed)) = parameters.last() else { return Err("there is no day".into()) };
        let limits = sized(quotas, needed);
        let mut mornings =
            vec![one("one process, 10 minutes ahead (before)", *largest, limits, releases.before, None)?];
        for processes in [1.0, 2.0, 4.0, 8.0, 16.0] {
            let release = Release { processes, ..releases.now };
            let many = if processes > 1.0 { format!("{processes} processes") } else { "one process".to_owned() };
            mornings.push(one(&format!("{many}, 15 minutes ahead"), *largest, limits, release, None)?);
        }
        mornings.push(one(
            &format!("as the template has it: {}", releases.now.processes),
            *largest,
            limits,
            releases.now,
            None,
        )?);
        let soon = Some(10 * 3600 + 300);
        let mut outages = vec![one("no outage", *largest, limits, releases.now, None)?];
        for (name, fails_after, paused_from) in [
            ("errors at once", REFUSES, None),
            ("calls that hang for 10 s", HANGS, None),
            ("errors at once, paused after 5 minutes", REFUSES, soon),
            ("calls that hang, paused after 5 minutes", HANGS, soon),
        ] {
            outages.push(one(name, *largest, limits, releases.now, Some(outage(fails_after, paused_from)))?);
        }
        let others = Scenario::new(*largest, limits, releases.now, measured)?.others;
        let demand = Owned { work, others, release: releases.now };
        Ok(Self { days, mornings, outages, parameters, releases, demand })
    }

    /// The day of a hundred million, sized.
    pub fn largest(&self) -> Option<&Named> {
        self.days.last()
    }
}

impl Outcome {
    /// When nothing of an outage waits any more, in seconds after its end: no backlog of push that is more than a second's.
    pub fn drained_after(&self, end: usize) -> Option<usize> {
        let backlog = &self.channels[PUSH].backlog;
        let usual = backlog.get(MORNING / 60 + 120).copied().unwrap_or_default().max(1.0) * 4.0;
        let late = |minute: &usize| {
            let latest = self.channels[PUSH].latest.get(*minute).copied().unwrap_or_default();
            backlog[*minute] > usual || latest > 60.0
        };
        let last = (end / 60..backlog.len()).rev().find(late)?;
        Some((last + 1) * 60 - end)
    }
}

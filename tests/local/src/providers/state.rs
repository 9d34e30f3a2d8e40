//! The shared state of the stand-ins: recorded deliveries, next answers, secrets and counts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};
use uuid::Uuid;

use super::{Account, Answer, send_rate::SendRate};
use crate::fidelity::{Behaviour, Fidelity};

/// The state behind one lock. A request is recorded and gets its answer in one step, so that both have the same order.
#[derive(Debug)]
pub(super) struct State(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// How much email SES takes; `None` if it takes any.
    ses_rate: Option<SendRate>,
    /// Whether SES looks at its list of suppressed addresses.
    has_account_list: bool,
    deliveries: Vec<Value>,
    answers: BTreeMap<&'static str, VecDeque<Answer>>,
    secrets: BTreeMap<String, Versions>,
    calls: BTreeMap<&'static str, u64>,
    suppressed: BTreeSet<String>,
    logged: Vec<(String, String)>,
    account: Account,
}

/// A version of a secret.
#[derive(Debug, Clone)]
pub(super) struct Secret {
    pub(super) value: String,
    pub(super) version: Uuid,
    pub(super) created: jiff::Timestamp,
}

/// The versions of a secret that have a staging label.
#[derive(Debug, Clone)]
pub(super) struct Versions {
    current: Secret,
    previous: Option<Secret>,
}

impl Versions {
    /// The version with that staging label.
    pub(super) fn staged(&self, stage: &str) -> Option<&Secret> {
        match stage {
            "AWSCURRENT" => Some(&self.current),
            "AWSPREVIOUS" => self.previous.as_ref(),
            _ => None,
        }
    }
}

impl State {
    pub(super) fn new(fidelity: &Fidelity) -> Self {
        let ses_rate = fidelity.has(Behaviour::SesRate).then(SendRate::default);
        let has_account_list = fidelity.has(Behaviour::SesAccountList);
        Self(Mutex::new(Inner { ses_rate, has_account_list, ..Inner::default() }))
    }

    /// Whether SES takes email to so many recipients now.
    pub(super) fn takes_email(&self, recipients: usize) -> bool {
        self.lock().ses_rate.as_mut().is_none_or(|rate| rate.takes(recipients, Instant::now()))
    }

    /// Counts a request, chooses its answer and records the delivery that `record` makes. A bad request gets `refusal`,
    /// and the answers that were set stay for good requests. Other requests get the provider's next answer that is for
    /// one of the addresses `to`.
    pub(super) fn deliver(
        &self,
        provider: &'static str,
        to: &[&str],
        refusal: Option<Answer>,
        record: impl FnOnce(&Answer) -> Value,
    ) -> Answer {
        let mut inner = self.lock();
        *inner.calls.entry(provider).or_default() += 1;
        let answer = refusal.or_else(|| next(inner.answers.get_mut(provider)?, to)).unwrap_or_default();
        inner.deliveries.push(record(&answer));
        answer
    }

    /// The next answer of a service that takes no messages.
    pub(super) fn next_answer(&self, provider: &'static str, refusal: Option<Answer>) -> Answer {
        let mut inner = self.lock();
        refusal.or_else(|| next(inner.answers.get_mut(provider)?, &[])).unwrap_or_default()
    }

    pub(super) fn account(&self) -> Account {
        self.lock().account.clone()
    }

    pub(super) fn set_account(&self, account: Account) {
        self.lock().account = account;
    }

    /// Keeps lines of a log group.
    pub(super) fn log<'a>(&self, group: &str, lines: impl Iterator<Item = &'a str>) {
        self.lock().logged.extend(lines.map(|line| (group.to_owned(), line.to_owned())));
    }

    pub(super) fn logged(&self) -> Vec<(String, String)> {
        self.lock().logged.clone()
    }

    pub(super) fn count(&self, kind: &'static str) {
        *self.lock().calls.entry(kind).or_default() += 1;
    }

    pub(super) fn deliveries(&self) -> Vec<Value> {
        self.lock().deliveries.clone()
    }

    /// The last delivery for which `wanted` returns true.
    pub(super) fn delivery(&self, wanted: impl Fn(&Value) -> bool) -> Option<Value> {
        self.lock().deliveries.iter().rev().find(|delivery| wanted(delivery)).cloned()
    }

    /// All deliveries for which `wanted` returns true, oldest first.
    pub(super) fn wanted(&self, wanted: impl Fn(&Value) -> bool) -> Vec<Value> {
        self.lock().deliveries.iter().filter(|delivery| wanted(delivery)).cloned().collect()
    }

    pub(super) fn clear_deliveries(&self) {
        self.lock().deliveries.clear();
    }

    /// The numbers of requests by kind. The kinds in `known` are listed even with 0.
    pub(super) fn calls(&self, known: &[&'static str]) -> Value {
        let mut calls: BTreeMap<_, _> = known.iter().map(|kind| (*kind, 0)).collect();
        calls.extend(&self.lock().calls);
        json!(calls)
    }

    pub(super) fn set_answers(&self, provider: &'static str, answers: Vec<Answer>) {
        self.lock().answers.insert(provider, answers.into());
    }

    /// The answers of a provider that are set and not used up.
    pub(super) fn answers(&self, provider: &str) -> Vec<Value> {
        self.lock().answers.get(provider).into_iter().flatten().map(Answer::describe).collect()
    }

    pub(super) fn put_secret(&self, name: &str, value: &str) {
        let current = Secret { value: value.to_owned(), version: Uuid::new_v4(), created: jiff::Timestamp::now() };
        let mut inner = self.lock();
        let previous = inner.secrets.remove(name).map(|versions| versions.current);
        inner.secrets.insert(name.to_owned(), Versions { current, previous });
    }

    /// Puts an address on SES's list for the account, in this spelling.
    pub(super) fn suppress(&self, address: &str) {
        self.lock().suppressed.insert(address.to_owned());
    }

    /// Whether SES sends no mail to the address: the list has it in whatever spelling.
    pub(super) fn is_suppressed(&self, address: &str) -> bool {
        let inner = self.lock();
        inner.has_account_list && inner.suppressed.iter().any(|listed| listed.eq_ignore_ascii_case(address))
    }

    /// Takes an entry off the list, by its exact spelling. Returns `false` if there was none.
    pub(super) fn lift(&self, address: &str) -> bool {
        self.lock().suppressed.remove(address)
    }

    pub(super) fn remove_secret(&self, name: &str) {
        self.lock().secrets.remove(name);
    }

    pub(super) fn secret(&self, name: &str) -> Option<Versions> {
        self.lock().secrets.get(name).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The first answer that is for one of these addresses. It stays in the list if it can be used again.
fn next(answers: &mut VecDeque<Answer>, to: &[&str]) -> Option<Answer> {
    let index = answers.iter().position(|answer| answer.is_for(to))?;
    let answer = answers[index].clone();
    if !answers[index].use_once() {
        answers.remove(index);
    }
    Some(answer)
}

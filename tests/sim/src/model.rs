//! What callers asked for and what they were told. It knows nothing of the code.

use std::time::Duration;

use shared::domain::Timestamp;

use crate::pauses::Switch;

/// A notification that somebody asked for.
#[derive(Clone, Debug)]
pub struct Notice {
    /// The recipient.
    pub user: usize,
    /// The channel; `None` is all of them.
    pub channel: Option<&'static str>,
    /// Whether it belongs to the group.
    pub is_grouped: bool,
    /// Whether it passes opt-outs.
    pub is_critical: bool,
    /// Whether it must not be sent twice.
    pub is_at_most_once: bool,
    /// It is not sent before.
    pub send_at: Option<Timestamp>,
    /// It is not sent from then on.
    pub expires_at: Option<Timestamp>,
    /// Its id, once a caller was told it.
    pub id: Option<String>,
    /// When it was accepted, as far as its caller knows.
    pub acked: Option<Duration>,
    /// The cancellations.
    pub cancels: Vec<Cancel>,
}

/// A cancellation: when it was confirmed, and the channels of which it was said that they are cancelled.
#[derive(Clone, Debug)]
pub struct Cancel {
    /// `None` if it was not confirmed.
    pub acked: Option<(Duration, Vec<String>)>,
}

/// What a user can change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A channel.
    Channel(&'static str),
    /// The group.
    Group,
    /// The device tokens.
    Devices,
    /// Quiet hours between these two moments, of the true time of day.
    Quiet,
    /// Everything: the user is erased.
    User,
}

/// A change of a user.
#[derive(Clone, Debug)]
pub struct Change {
    /// The user.
    pub user: usize,
    /// What is changed.
    pub subject: Subject,
    /// Whether messages may come afterwards.
    pub allows: bool,
    /// For quiet hours: from when to when.
    pub window: Option<(Timestamp, Timestamp)>,
    /// When it was asked for.
    pub began: Duration,
    /// When it was confirmed.
    pub acked: Option<Duration>,
    /// When the request ended, however it ended.
    pub ended: Duration,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Model {
    /// The notifications, by number.
    pub notices: Vec<Notice>,
    /// The changes of users.
    pub changes: Vec<Change>,
    /// What operators have paused and resumed.
    pub switches: Vec<Switch>,
    /// The bounces that the mail provider reported, by address.
    pub bounced: Vec<String>,
    /// Whether somebody erased a user.
    pub is_anybody_erased: bool,
}

impl Model {
    /// Whether the user surely does not want messages of this kind during that time: it was confirmed before, and nobody
    /// asked for the contrary since.
    pub fn is_surely_out(&self, user: usize, subject: &Subject, from: Duration, until: Duration) -> bool {
        self.refusals(user, subject, from, until).next().is_some()
    }

    fn refusals(
        &self,
        user: usize,
        subject: &Subject,
        from: Duration,
        until: Duration,
    ) -> impl Iterator<Item = &Change> {
        let about = move |change: &&Change| change.user == user && change.subject == *subject;
        self.changes.iter().filter(about).filter(move |out| {
            let is_confirmed = !out.allows && out.acked.is_some_and(|acked| acked <= from);
            let mut others = self
                .changes
                .iter()
                .filter(about)
                .filter(|other| other.allows && other.ended >= out.began && other.began <= until);
            is_confirmed && others.next().is_none()
        })
    }

    /// Whether it is surely quiet for the user during that time, which a clock showed as this time of day.
    pub fn is_surely_quiet(&self, user: usize, time: (Duration, Duration), wall: (Timestamp, Timestamp)) -> bool {
        let mut quiet = self.refusals(user, &Subject::Quiet, time.0, time.1);
        // Later quiet hours replace earlier ones.
        let only = quiet.next().filter(|_| quiet.next().is_none());
        let only = only.and_then(|change| change.window);
        let all = self.changes.iter().filter(|change| change.user == user && change.subject == Subject::Quiet).count();
        only.is_some_and(|(begin, end)| all == 1 && begin <= wall.0 && wall.1 < end)
    }

    /// Whether anybody ever asked that the user gets no such messages.
    pub fn was_ever_out(&self, user: usize, subject: &Subject) -> bool {
        self.changes.iter().any(|change| change.user == user && change.subject == *subject && !change.allows)
    }
}

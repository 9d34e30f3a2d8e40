//! What was asked for in a story of runs, and what was confirmed. It knows nothing of the code.

use std::time::Duration;

use serde_json::Value;

/// The longest that two clocks may make a subscription later, and a run may take it for earlier: it takes those of up to two seconds
/// after itself.
pub const DOUBT: Duration = Duration::from_secs(4);

/// A run that was asked for.
#[derive(Debug)]
pub struct Asked {
    pub body: Value,
    pub id: Option<String>,
    /// When it was asked for first.
    pub began: Duration,
    /// When it had been accepted, at the latest.
    pub accepted: Duration,
    /// When its cancellation was confirmed.
    pub cancelled: Option<Duration>,
    /// Whether somebody has asked for its cancellation.
    pub may_be_cancelled: bool,
}

impl Asked {
    /// Whether it is to the topic.
    pub fn is_to_topic(&self) -> bool {
        self.body.get("topic").is_some()
    }
}

/// Something that was asked for.
#[derive(Clone, Debug)]
pub struct Step {
    pub what: What,
    pub began: Duration,
    pub acked: Option<Duration>,
}

/// What happens to recipients while runs go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// A user is erased.
    Erase(usize),
    /// A user leaves this life of the topic.
    Leave(usize, String),
    /// A user is subscribed to this life of the topic.
    Join(usize, String),
    /// This life of the topic ends.
    End(String),
    /// The notification of a run to a user is cancelled.
    Cancel(usize, usize),
}

/// Everything that was asked for but the runs.
#[derive(Debug, Default)]
pub struct Model {
    pub steps: Vec<Step>,
}

/// Whether a user must have a notification of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    Must,
    May,
    Never,
}

impl Model {
    fn of<'a>(&'a self, what: &'a What) -> impl Iterator<Item = &'a Step> {
        self.steps.iter().filter(move |step| step.what == *what)
    }

    /// Whether somebody has asked for this.
    pub fn was_asked(&self, what: &What) -> bool {
        self.of(what).next().is_some()
    }

    /// Whether this was confirmed by then.
    pub fn is_sure(&self, what: &What, then: Duration) -> bool {
        self.of(what).any(|step| step.acked.is_some_and(|acked| acked <= then))
    }

    /// Whether anybody was erased, or somebody has asked for that.
    pub fn is_anybody_erased(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, What::Erase(_)))
    }

    /// Whether a user must have a notification of this run, whose topic had this generation.
    pub fn due(&self, run: &Asked, user: usize, generation: Option<&str>) -> Due {
        let erased = What::Erase(user);
        if self.is_sure(&erased, run.began) {
            return Due::Never;
        }
        let Some(generation) = generation.map(str::to_owned) else {
            return if self.was_asked(&erased) { Due::May } else { Due::Must };
        };
        let (end, leave) = (What::End(generation.clone()), What::Leave(user, generation.clone()));
        let join = What::Join(user, generation);
        if self.of(&join).all(|step| step.began > run.accepted + DOUBT) || self.is_sure(&leave, run.began) {
            return Due::Never;
        }
        let has_changed = [&erased, &end, &leave].into_iter().any(|what| self.was_asked(what));
        if !has_changed && self.is_sure(&join, run.began) { Due::Must } else { Due::May }
    }

    /// Why an invocation that began then must send nothing of this run to the user.
    pub fn forbids(
        &self,
        number: usize,
        user: usize,
        generation: Option<&str>,
        began: Duration,
    ) -> Option<&'static str> {
        let of_topic = |what: &dyn Fn(String) -> What| {
            generation.is_some_and(|generation| self.is_sure(&what(generation.to_owned()), began))
        };
        // A request that was not confirmed may be done minutes later: then nobody knows which was the last.
        let is_joined_anew = generation.is_some_and(|generation| {
            self.of(&What::Join(user, generation.to_owned())).any(|step| step.acked.is_none())
        });
        if self.is_sure(&What::Erase(user), began) {
            Some("erased")
        } else if self.is_sure(&What::Cancel(number, user), began) {
            Some("cancelled by itself")
        } else if of_topic(&What::End) {
            Some("to a topic that was deleted")
        } else if of_topic(&|generation| What::Leave(user, generation)) && !is_joined_anew {
            Some("to one who has left the topic")
        } else {
            None
        }
    }
}

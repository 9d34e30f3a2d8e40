//! Runs: one request for many recipients. A run is accepted at once, and then expanded page by page: each recipient gets a notification.
//!
//! A recipient's notification has an id that is derived from the run and the recipient. So a page may be expanded twice, and by two
//! workers: the second finds each notification there.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Content, Notification, NotificationSpec, RunId, TopicId, User, UserId, topic::Generation};

/// The most recipients that one request names.
pub const MAX_RECIPIENTS: usize = 1000;
/// The most recipients of one page. So many stand in the run itself; more are written in pages first.
pub const PAGE: usize = 100;

/// Whom a run is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Recipients whom the request names, each once; how many there are.
    Named(usize),
    /// Who was subscribed to a topic before the run was accepted, and still is when it is expanded and sent.
    Topic {
        /// The topic.
        id: TopicId,
        /// Its life: who is subscribed to a later topic of the same name is not meant.
        generation: Generation,
    },
}

impl Audience {
    /// The topic, if it is one.
    pub fn topic(&self) -> Option<&TopicId> {
        match self {
            Self::Named(_) => None,
            Self::Topic { id, generation: _ } => Some(id),
        }
    }
}

/// A run as accepted. It never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id.
    pub id: RunId,
    /// Whom it is for.
    pub audience: Audience,
    /// The recipients must be of this organisation; `None` if the caller may send to anybody.
    pub org: Option<String>,
    /// The user whose doing it tells of.
    pub actor: Option<UserId>,
    /// The hash of the request. Another request with the same id is refused by it.
    pub request_hash: String,
    /// What is sent. Its content and metadata stand here once, and not in each notification. The run and its notifications are kept until
    /// the same time.
    pub spec: NotificationSpec,
}

impl Run {
    /// The notification to a recipient. What it says stands in the run.
    pub fn notification(&self, user_id: UserId) -> Notification {
        let spec = NotificationSpec { content: Content::OfRun(self.id), metadata: Map::new(), ..self.spec.clone() };
        Notification {
            run: Some(self.id),
            topic: self.audience.topic().map(|topic| topic.name.clone()),
            actor: self.actor,
            ..spec.to(self.id.notification_to(user_id), user_id)
        }
    }
}

/// The fields that templates can use of a person: of a run's actor (`actor.…`), and of a recipient (`recipient.…`), who has more.
pub const PERSON_FIELDS: [&str; 8] =
    ["id", "external_id", "name", "first_name", "last_name", "email", "phone", "avatar"];

/// Gives a run's template the names that are not in the request: `data`, all of its variables under one name, and `actor`, if the run
/// has one. A variable that has the name `data` keeps it. One that has the name `recipient` is only in `data`: in a run, `recipient` is
/// whoever reads it, and the renderer knows who that is.
pub fn complete(content: &mut Content, actor: Option<Option<&User>>) {
    let Content::Template { variables, .. } = content else { return };
    add_data(variables);
    variables.remove("recipient");
    if let Some(actor) = actor {
        let fields = PERSON_FIELDS.into_iter().zip(person_texts(actor));
        let actor: Map<_, _> = fields.map(|(name, value)| (name.to_owned(), json!(value))).collect();
        variables.insert("actor".to_owned(), actor.into());
    }
}

/// Gives `variables` all of them under the name `data`, unless one has that name.
pub fn add_data(variables: &mut Map<String, Value>) {
    if !variables.contains_key("data") {
        let data = variables.clone();
        variables.insert("data".to_owned(), data.into());
    }
}

/// The values of [`PERSON_FIELDS`]. What is not known is empty; of one who is not there nothing is known.
pub fn person_texts(person: Option<&User>) -> [String; PERSON_FIELDS.len()] {
    let of = |field: fn(&User) -> Option<String>| person.and_then(field).unwrap_or_default();
    [
        of(|person| Some(person.id.to_string())),
        of(|person| person.external_id.clone().or_else(|| Some(person.id.to_string()))),
        of(User::shown_name),
        of(|person| person.first_name.clone()),
        of(|person| person.last_name.clone()),
        of(|person| person.email.clone()),
        of(|person| person.phone.clone()),
        of(|person| person.avatar.clone()),
    ]
}

/// Why a recipient of a run gets no notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RunSkipReason")]
pub enum LeftOut {
    /// There is no such user, or there was none yet when the run was accepted.
    UserNotFound,
    /// The user was erased.
    UserErased,
    /// The user belongs to another organisation. The caller is told that there is no such user.
    Elsewhere,
    /// The user's subscription, or the topic, has ended since the run was accepted.
    NotSubscribed,
}

/// The result for the recipients of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    /// How many have a notification.
    pub notified: usize,
    /// How many have none, by reason.
    pub left_out: BTreeMap<LeftOut, usize>,
}

impl Expanded {
    /// All recipients.
    pub fn recipients(&self) -> usize {
        self.notified + self.left_out.values().sum::<usize>()
    }

    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.notified += other.notified;
        for (reason, count) in other.left_out {
            *self.left_out.entry(reason).or_default() += count;
        }
        self
    }
}

/// A page of a run's recipients.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PageId {
    /// The page of this number of the recipients whom the request names.
    Named(usize),
    /// A page of one part of a topic's subscriptions.
    Part {
        /// The part.
        part: usize,
        /// How many pages of this part come before.
        number: usize,
    },
}

/// The text by which pages sort as they are expanded.
impl fmt::Display for PageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Named(number) => write!(f, "{number:03}"),
            Self::Part { part, number } => write!(f, "{part:02}#{number:07}"),
        }
    }
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RunStatus")]
pub enum RunStatus {
    /// No page is expanded yet.
    Queued,
    /// Some pages are expanded.
    Expanding,
    /// All pages are expanded.
    Done,
    /// What was not sent when it was cancelled is not sent.
    Cancelled,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn what_became_of_all_pages_is_the_sum() {
        let of = |notified, erased| Expanded { notified, left_out: [(LeftOut::UserErased, erased)].into() };
        assert_eq!(of(3, 1).and(of(4, 2)).and(Expanded::default()), of(7, 3));
        assert_eq!(of(7, 3).recipients(), 10);
    }

    #[test]
    fn a_template_of_a_run_has_its_data_under_one_name_and_an_actor_with_every_name_known_or_not() {
        let ada = User {
            first_name: Some("Ada".into()),
            external_id: Some("ada".into()),
            ..User::new(UserId::from_bytes([1; 16]), Timestamp::EPOCH)
        };
        let completed = |variables: Value, actor| {
            let variables = variables.as_object().unwrap().clone();
            let mut content = Content::Template { template_code: "x".into(), variables };
            complete(&mut content, actor);
            let Content::Template { variables, .. } = content else { panic!() };
            Value::from(variables)
        };
        assert_eq!(completed(json!({"a": 1}), None), json!({"a": 1, "data": {"a": 1}}));
        assert_eq!(completed(json!({"data": 7}), None), json!({"data": 7}));
        let passed_for = completed(json!({"recipient": {"name": "Mallory"}}), None);
        assert_eq!(passed_for, json!({"data": {"recipient": {"name": "Mallory"}}}), "nobody passes for the recipient");
        let (known, unknown) = (completed(json!({}), Some(Some(&ada))), completed(json!({}), Some(None)));
        let (known, unknown) = (&known["actor"], &unknown["actor"]);
        assert_eq!(
            (&known["first_name"], &known["external_id"], &known["email"]),
            (&json!("Ada"), &json!("ada"), &json!(""))
        );
        let names = |actor: &Value| actor.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(known), names(unknown));
        assert!(unknown.as_object().unwrap().values().all(|value| value == ""));
    }
}

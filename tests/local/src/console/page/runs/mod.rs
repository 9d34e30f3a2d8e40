//! `GET /_local/ui/data/runs`: the runs that a filter takes, newest first, and one of them with what has become of its recipients.
//! The API has no list of runs, because nobody but a developer looks for one.

mod known;
mod recipients;

use std::collections::BTreeMap;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Json;
use futures::future::try_join3;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::domain::{
    Content, Run, RunId,
    run::{Audience, LeftOut},
};
use shared::store::StoreError;

pub(super) use self::known::KnownRuns;
use super::captured::contains;
use super::{Shared, list};
use crate::control::{Control, Refused};

/// The runs of an answer.
const PAGE: usize = 50;
/// The most runs that one answer looks at. If the filter takes few of them, the answer is short, and the next one goes on.
const LOOKED_AT: usize = 200;

/// Which runs are wanted. An empty text is wanted by nobody.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Wanted {
    /// `topic` or `named`.
    audience: String,
    /// The run's state.
    status: String,
    /// A part of what it says, of its topic, its category or its id.
    text: String,
    /// Where the page begins.
    after: String,
}

impl Wanted {
    fn takes(&self, run: &Run, view: &Value) -> bool {
        let audience = if run.audience.topic().is_some() { "topic" } else { "named" };
        let text = self.text.trim().to_lowercase();
        let said = json!([run.id, view["topic"], run.spec.group, content(run)]);
        (self.audience.is_empty() || audience == self.audience)
            && (self.status.is_empty() || view["status"] == self.status)
            && (text.is_empty() || contains(&said, &text))
    }
}

/// `{items, after, looked_at}`. `after` is where the next page begins; `null` at the end of the list.
pub(super) async fn list(State(page): Shared, Query(wanted): Query<Wanted>) -> Result<Json<Value>, Refused> {
    let control = &page.control;
    let places = page.runs.newest_first(control).await?;
    let (mut items, mut looked_at, mut last) = (Vec::new(), 0, None);
    for (place, id) in places.into_iter().filter(|(place, _)| wanted.after.is_empty() || *place < wanted.after) {
        if items.len() == PAGE || looked_at == LOOKED_AT {
            return Ok(Json(json!({"items": items, "after": last, "looked_at": looked_at})));
        }
        looked_at += 1;
        last = Some(place.clone());
        let Some((run, view, _)) = seen(control, id).await.map_err(|error| list::unread(&error))? else {
            page.runs.forget(&place);
            continue;
        };
        if wanted.takes(&run, &view) {
            items.push(row(&run, view));
        }
    }
    Ok(Json(json!({"items": items, "after": null, "looked_at": looked_at})))
}

/// `GET /_local/ui/data/runs/{id}`: one run, with the states of its deliveries and who was left out.
pub(super) async fn one(State(page): Shared, Path(id): Path<String>) -> Result<Json<Value>, Refused> {
    let missing = || Refused(StatusCode::NOT_FOUND, "there is no such run, or it is not kept any more".to_owned());
    let id = RunId::parse(&id).ok_or_else(missing)?;
    let unread = |error: StoreError| list::unread(&error);
    let (run, view, counts) = seen(&page.control, id).await.map_err(unread)?.ok_or_else(missing)?;
    let mut shown = row(&run, view);
    // The API does not tell an organisation who is elsewhere. A developer sees the same reasons here as at the recipients.
    shown["left_out"] = json!(counts);
    let found = recipients::of(&page.control, &run, counts).await?;
    shown["deliveries"] =
        json!({"looked_at": found.looked_at, "more": found.more, "statuses": found.statuses, "reasons": found.reasons});
    shown["left_out_recipients"] = found.left_out;
    shown["request"] = request(&run, &found.recipients);
    Ok(Json(shown))
}

/// A run, how far it is, as the API shows it, and how many were left out for each reason. `None` if it does not exist any more.
async fn seen(control: &Control, id: RunId) -> Result<Option<(Run, Value, BTreeMap<LeftOut, usize>)>, StoreError> {
    let store = &control.store;
    let (run, progress, cancelled_at) =
        try_join3(store.run(id), store.run_progress(id), store.run_cancelled_at(id)).await?;
    let Some(run) = run else { return Ok(None) };
    let counts = progress.expanded.left_out.clone();
    let view = json!(notifications::run_view(run.clone(), progress, cancelled_at));
    Ok(Some((run, view, counts)))
}

/// What the API shows, and what the run says.
fn row(run: &Run, mut view: Value) -> Value {
    let (title, template) = match &run.spec.content {
        Content::Inline { subject, title, body } => (subject.as_ref().or(title.as_ref()).unwrap_or(body), None),
        Content::Template { template_code, .. } => (template_code, Some(template_code)),
        Content::OfRun(_) => return view,
    };
    view["title"] = json!(title);
    view["template"] = json!(template);
    view["channels"] = json!(run.spec.channels);
    view["group"] = json!(run.spec.group);
    view["critical"] = json!(run.spec.critical);
    view["send_at"] = json!(run.spec.send_at);
    view["expires_at"] = json!(run.spec.expires_at);
    view["org"] = json!(run.org);
    view["actor"] = json!(run.actor);
    view
}

/// What a run says, as a request has it.
fn content(run: &Run) -> Value {
    match &run.spec.content {
        Content::Inline { subject, title, body } => {
            let parts = [("subject", subject.as_ref()), ("title", title.as_ref()), ("body", Some(body))];
            let parts = parts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), json!(text?))));
            json!({"content": parts.collect::<Map<_, _>>()})
        }
        Content::Template { template_code, variables } => {
            json!({"template_code": template_code, "variables": variables})
        }
        Content::OfRun(_) => json!({}),
    }
}

/// The body of `POST /api/v1/runs` that asks for the same again.
fn request(run: &Run, recipients: &[Value]) -> Value {
    let mut request = content(run);
    match &run.audience {
        Audience::Topic { id, .. } => request["topic"] = json!(id.name),
        Audience::Named(_) => request["recipients"] = recipients.into(),
    }
    request["channels"] = json!(run.spec.channels);
    let optional = [
        ("category", run.spec.group.as_ref().map(|group| json!(group))),
        ("critical", run.spec.critical.then_some(json!(true))),
        ("priority", (run.spec.priority != 3).then(|| json!(run.spec.priority))),
        ("metadata", (!run.spec.metadata.is_empty()).then(|| json!(run.spec.metadata))),
        ("at_most_once", run.spec.at_most_once.then_some(json!(true))),
        ("send_at", run.spec.send_at.map(|at| json!(at))),
        ("expires_at", run.spec.expires_at.map(|at| json!(at))),
    ];
    for (name, value) in optional {
        if let Some(value) = value {
            request[name] = value;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use shared::domain::{Channel, NotificationSpec, Timestamp, TopicId, topic::Generation};
    use uuid::Uuid;

    use super::*;

    /// A run to this audience.
    pub(crate) fn run(audience: Audience) -> Run {
        Run {
            id: RunId::from(Uuid::from_u128(7)),
            audience,
            org: None,
            actor: None,
            request_hash: "0123456789abcdef".to_owned(),
            spec: NotificationSpec {
                channels: vec![Channel::Push],
                group: Some("news".to_owned()),
                opt_in: false,
                critical: false,
                priority: 3,
                content: Content::Inline { subject: None, title: Some("Hello".to_owned()), body: "World".to_owned() },
                send_at: None,
                expires_at: None,
                at_most_once: false,
                metadata: Map::new(),
                created_at: Timestamp::EPOCH,
                // The store shows nothing that is kept no longer.
                kept_until: Timestamp::from_seconds(4_102_444_800),
            },
        }
    }

    #[test]
    fn the_request_for_another_run_has_what_this_one_was_asked_for() {
        let user = json!({"user_id": "u"});
        let content = json!({"title": "Hello", "body": "World"});
        assert_eq!(
            request(&run(Audience::Named(1)), std::slice::from_ref(&user)),
            json!({"recipients": [user], "content": content, "channels": ["push"], "category": "news"})
        );
        let topic = Audience::Topic { id: TopicId::parse("x#acme").unwrap(), generation: Generation(Uuid::nil()) };
        let variables = json!({"n": 1}).as_object().unwrap().clone();
        let template = Content::Template { template_code: "t".to_owned(), variables };
        let one = run(topic);
        let spec = NotificationSpec { content: template, critical: true, priority: 1, group: None, ..one.spec.clone() };
        let whole = Run { spec, ..one };
        let asked = request(&whole, &[]);
        assert_eq!(asked["topic"], json!("x"), "the name without the organisation");
        assert_eq!((&asked["template_code"], &asked["variables"]), (&json!("t"), &json!({"n": 1})));
        assert_eq!(
            (&asked["critical"], &asked["priority"], &asked["category"]),
            (&json!(true), &json!(1), &Value::Null)
        );
    }

    #[test]
    fn a_list_has_the_runs_that_fit_every_part() {
        let run = run(Audience::Named(1));
        let view = json!({"status": "done", "topic": null});
        let takes = |audience: &str, status: &str, text: &str| {
            let [audience, status, text] = [audience, status, text].map(str::to_owned);
            Wanted { audience, status, text, after: String::new() }.takes(&run, &view)
        };
        assert!(takes("", "", "") && takes("named", "done", " WORLD") && takes("", "", "news"));
        assert!(takes("", "", &run.id.to_string()));
        assert!(!takes("topic", "", "") && !takes("", "queued", "") && !takes("", "", "else"));
    }
}

//! `POST /api/v1/notifications/explain`: what would become of a notification now, and why. Nothing is sent or written.

use std::{borrow::Cow, collections::HashMap};

use lambda_http::{Body, Request, http::StatusCode};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use shared::{
    dialects::native::{Access, NamedUser, NoQuery, OneUser, Problem},
    domain::{
        Channel, ConfiguredChannel, DecisionInput, DeliveryStatus, Hold, LookedUp, NOTHING_LOOKED_UP, Pauses, Provider,
        Reason, Route, RunId, Timestamp, UserId, addresses_to_look_up, decide::Step, run::LeftOut,
    },
    http::{
        Reply, body,
        openapi::not_null,
        request::{
            RequestBody, Undecodable,
            kinds::{Text, schema_of, text},
            member::required,
        },
    },
    render::{Links, Next, Prepared, VersionedTemplate, prepare},
    request_body,
    suppressions::SuppressionsError,
};

use crate::{App, accept, body::NotificationRequest, runs, success};

/// What would happen to a notification now.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "Explanation")]
pub struct ExplainView {
    user_id: UserId,
    channels: Vec<ChannelView>,
}

/// What would happen to the notification on one channel.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExplainedChannel")]
struct ChannelView {
    channel: Channel,
    decision: Decision,
    /// Why the notification would not be sent.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<Reason>,
    /// When the notification would be decided again; if it is paused, at the latest.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// The configured channels that the notification would go through. Each provider of push is sent to; among the
    /// channels of one provider, and for every other channel type, the next one is tried only if the one before fails.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    through: Vec<RouteView>,
    /// The version of the template that would be rendered. A process uses a template for up to a minute after it has changed.
    #[schemars(transform = not_null)]
    #[serde(skip_serializing_if = "Option::is_none")]
    template_version: Option<u64>,
    /// The rules that were applied, in order.
    trace: Vec<Step>,
}

/// What a worker would decide.
#[derive(JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
enum Decision {
    /// The notification would be handed to a provider.
    Send,
    /// The notification would wait until its time.
    Hold,
    /// The user's preferences, or something that is missing, would stop the notification.
    Skip,
    /// The notification could not be sent, for good.
    Fail,
}

/// A provider that the notification would go through.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "ExplainedRoute")]
struct RouteView {
    channel_id: String,
    provider: Provider,
    /// The number of addresses.
    addresses: usize,
}

/// What is to be explained.
pub enum ExplainRequest {
    /// A notification, as it would be sent.
    Notification(Box<NotificationRequest>),
    /// What a run means for one recipient.
    OfRun(OfRun),
}

request_body! {
    /// A run, and one of its recipients.
    pub struct OfRun as "ExplainRunRequest" {
        /// The run.
        run_id: RunId = required(RUN_ID),
        recipient: NamedUser = OneUser,
    }
}

/// A run's id.
const RUN_ID: Text<RunId> = text("a UUID", RunId::parse, schema_of::<RunId>);

impl ExplainRequest {
    fn decode(given: &Body) -> Result<Self, Undecodable> {
        let object = body::object(given)?;
        if object.contains_key("run_id") {
            return Ok(Self::OfRun(OfRun::of(object, None, &())?));
        }
        Ok(Self::Notification(Box::new(NotificationRequest::of(object, None, &())?)))
    }

    fn recipient(&self) -> &NamedUser {
        match self {
            Self::Notification(wanted) => &wanted.recipient,
            Self::OfRun(OfRun { recipient, .. }) => recipient,
        }
    }
}

impl JsonSchema for ExplainRequest {
    fn schema_name() -> Cow<'static, str> {
        "ExplainRequest".into()
    }

    fn json_schema(schemas: &mut SchemaGenerator) -> Schema {
        let each = [schema_of::<NotificationRequest>(schemas), schema_of::<OfRun>(schemas)];
        json_schema!({"description": "A notification, or a run and one of its recipients.", "anyOf": each})
    }
}

/// Uses the same function that the worker decides with.
pub async fn post(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (caller, reach, NoQuery) = Access::ADMIN_OR_SERVICE.reaching(&app.bearer, request).await?;
    let wanted = ExplainRequest::decode(request.body())?;
    accept::is_reached(app, &caller, &reach, wanted.recipient().id(app.namespace)).await?;
    // An operator who has just changed a category or paused something wants to see that here: it is not a minute old, as it may be in
    // a worker.
    let categories = app.store.categories().await?;
    let user_id = wanted.recipient().id(app.namespace);
    let mut users: HashMap<_, _> = app.store.user(user_id).await?.map(|user| (user_id, user)).into_iter().collect();
    let notification = match wanted {
        ExplainRequest::Notification(wanted) => {
            accept::notification(app, app.random.uuid().into(), *wanted, &categories).await?
        }
        ExplainRequest::OfRun(OfRun { run_id, .. }) => {
            let run = runs::reached(app, &reach, run_id).await?;
            let mut notification = run.notification(user_id);
            // The run was just read, so it can be read.
            app.runs.fill_to_send(&app.store, &users, std::iter::once(&mut notification)).await?;
            match app.store.left_out(&run, user_id).await? {
                // A run of an organisation has no notification to users of others: they are as if they were not there.
                Some(LeftOut::Elsewhere | LeftOut::UserNotFound) => drop(users.remove(&user_id)),
                Some(LeftOut::NotSubscribed) => notification.unsubscribed = true,
                Some(LeftOut::UserErased) | None => {}
            }
            notification
        }
    };
    let user = users.remove(&user_id);
    let template = app.template(&notification.content).await?;
    let configured = app.channels().await?;
    let now = app.clock.now();
    let pauses: Pauses = app.store.pauses(now).await?.into_iter().collect();
    let input = DecisionInput {
        user: user.as_ref(),
        configured: &configured,
        categories: &categories,
        pauses: &pauses,
        notification: &notification,
        looked_up: &NOTHING_LOOKED_UP,
    };
    let channels = notification.channels.iter();
    let wanted = channels.map(|channel| addresses_to_look_up(input, *channel, now)).collect();
    let found = app.suppressions.look_up(wanted).await?;
    let suppressed = found.suppressed.map_err(SuppressionsError::from)?;
    let looked_up = &LookedUp { suppressed, owners: found.owners };
    let view = view(DecisionInput { looked_up, ..input }, template.as_deref(), now);
    Ok(success::reply(StatusCode::OK, view, "Nothing was sent"))
}

fn view(input: DecisionInput<'_>, template: Option<&VersionedTemplate>, now: Timestamp) -> ExplainView {
    let notification = input.notification;
    let channel = |channel: &Channel| {
        let Prepared { next, trace } = prepare(input, template, Some(Links::sample()), *channel, now);
        let (decision, reason, until, through) = match next {
            Next::Send(plan, _) => {
                let routes = plan.platforms.into_iter().flat_map(|platform| platform.routes);
                (Decision::Send, None, None, routes.map(RouteView::from).collect())
            }
            Next::Hold(Hold { until, reason, under: _ }) => (Decision::Hold, Some(reason), Some(until), Vec::new()),
            Next::Stop(reason) if reason.status() == DeliveryStatus::Failed => {
                (Decision::Fail, Some(reason), None, Vec::new())
            }
            Next::Stop(reason) => (Decision::Skip, Some(reason), None, Vec::new()),
        };
        let template_version = trace.iter().find_map(|step| step.template_version);
        ChannelView { channel: *channel, decision, reason, until, through, template_version, trace }
    };
    ExplainView { user_id: notification.user_id, channels: notification.channels.iter().map(channel).collect() }
}

impl From<Route> for RouteView {
    fn from(route: Route) -> Self {
        let ConfiguredChannel { id: channel_id, provider, .. } = route.through;
        Self { channel_id, provider, addresses: route.addresses.len() }
    }
}

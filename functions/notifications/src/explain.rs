//! `POST /api/v1/notifications/explain`: what would become of a notification now, and why. Nothing is sent or written.

use lambda_http::{Request, http::StatusCode};
use schemars::JsonSchema;
use serde::Serialize;
use shared::{
    dialects::native::{Access, NoQuery, Problem},
    domain::{
        Channel, ConfiguredChannel, DecisionInput, DeliveryStatus, Hold, LookedUp, NOTHING_LOOKED_UP, Pauses, Provider,
        Reason, Route, Timestamp, UserId, addresses_to_look_up, decide::Step,
    },
    http::{Reply, openapi::not_null, request::RequestBody},
    render::{Links, Next, Prepared, VersionedTemplate, prepare},
    suppressions::SuppressionsError,
};

use crate::{App, accept, body::NotificationRequest, success};

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

/// Uses the same function that the worker decides with.
pub async fn post(app: &App, request: &Request) -> Result<Reply, Problem> {
    let (caller, reach, NoQuery) = Access::ADMIN_OR_SERVICE.reaching(&app.bearer, request).await?;
    let wanted = NotificationRequest::decode(request.body())?;
    accept::is_reached(app, &caller, &reach, wanted.recipient.id(app.namespace)).await?;
    // An operator who has just changed a category or paused something wants to see that here: it is not a minute old, as it may be in
    // a worker.
    let categories = app.store.categories().await?;
    let notification = accept::notification(app, app.random.uuid().into(), wanted, &categories).await?;
    let user = app.store.user(notification.user_id).await?;
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

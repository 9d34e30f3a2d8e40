//! A batch: reads every message, loads all that they need in one call, works on them by groups, and reports the
//! messages that must come back.

use std::{collections::HashSet, sync::Arc};

use aws_lambda_events::event::sqs::SqsMessage;
use futures::{StreamExt, future::join_all, stream};
use shared::{
    domain::{
        Categories, Channel, ConfiguredChannel, DecisionInput, LookedUp, NOTHING_LOOKED_UP, Pauses, Provider,
        Timestamp, addresses_to_look_up, dead_letter::About, may_lack_a_channel,
    },
    metrics::MetricEvent,
    queue::Message,
    store::{Loaded, MAX_INSERTS, StoreError},
    suppressions::Found,
    telemetry,
};

use crate::{
    App,
    attempt::Attempt,
    entry_state::EntryState,
    expand,
    group::{self, Member},
    leases::TO_START,
    verdict::{Kept, Verdict, after, come_back},
    work::{Work, is_suspect_page},
};

/// How many groups are worked on at once. A group has as many messages as one call claims. Claimed deliveries are
/// started at once, so a worker that dies leaves at most this many groups in doubt.
const GROUPS: usize = 2;

/// How many pages of runs are expanded at once. The notifications of each are four calls to the table or eight.
const PAGES: usize = 4;

/// Works on a batch until `deadline`. Returns the ids of the messages that must come back.
///
/// A message that has come often may be one that workers die of. Such messages are worked on after all others have ended, each
/// alone from its first read on, those with the fewest receives first, and pages of runs last: then a worker that dies takes no other
/// message with it.
pub async fn handle(app: &App, records: Vec<SqsMessage>, deadline: Timestamp) -> Vec<String> {
    let mut failures = Vec::new();
    let (mut together, mut alone, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for record in records {
        match Message::from_json(record.body.as_deref().unwrap_or_default()) {
            Ok(Message::Deliver { notification_id, user_id, channel }) => {
                let work = Work::new(record, About { notification_id, user_id, channel });
                if work.is_suspect() { &mut alone } else { &mut together }.push(work);
            }
            Ok(Message::Expand { run_id, page, channel: _ }) => pages.push((record, run_id, page)),
            Err(error) => failures.extend(set_aside(app, &record, &error.to_string(), deadline).await),
        }
    }
    failures.extend(work_on(app, &together, deadline).await);
    let (last, pages): (Vec<_>, Vec<_>) = pages.into_iter().partition(|(record, ..)| is_suspect_page(record));
    let expanded =
        stream::iter(&pages).map(|(record, run_id, page)| expand::handle(app, record, *run_id, page, deadline));
    failures.extend(expanded.buffer_unordered(PAGES).collect::<Vec<_>>().await.into_iter().flatten());
    alone.sort_by_key(|work| work.receive);
    for work in &alone {
        failures.extend(if app.time_left(deadline) > TO_START {
            work_on(app, std::slice::from_ref(work), deadline).await
        } else {
            let id = work.record.message_id.clone();
            let asked = work.come_back(app, work.is_in_doubt, Verdict::AtOnce);
            app.in_time(deadline, asked).await.unwrap_or(id).into_iter().collect()
        });
    }
    for (record, run_id, page) in &last {
        failures.extend(if app.time_left(deadline) > TO_START {
            expand::handle(app, record, *run_id, page, deadline).await
        } else {
            let queue = app.queue.source(record.event_source_arn.as_deref());
            let asked = come_back(queue, record, Kept::default(), Verdict::AtOnce);
            app.in_time(deadline, asked).await.unwrap_or(record.message_id.clone())
        });
    }
    failures
}

/// Works on some messages of a batch. Returns the ids of those that must come back.
async fn work_on(app: &App, works: &[Work], deadline: Timestamp) -> Vec<String> {
    let mut failures = Vec::new();
    let now = app.clock.now();
    for work in works {
        let late = work.due.map(|due| now.saturating_duration_since(due));
        late.into_iter().for_each(|late| app.metrics.note(MetricEvent::Begun { late }));
    }
    match app.in_time(deadline, load(app, works)).await {
        Ok(Ok((loaded, deployment))) => {
            let (looked_up, waiting) = look_up(app, works, &loaded, &deployment, deadline).await;
            let known = Known { loaded, deployment, looked_up, waiting };
            let mut members = Vec::with_capacity(works.len());
            for work in works {
                match member(app, work, &known, deadline) {
                    Ok(member) => members.push(member),
                    Err(NoMember::Gone) => {}
                    Err(NoMember::Unreadable) => failures.extend(work.record.message_id.clone()),
                    Err(NoMember::Waiting(error)) => {
                        let verdict = after(app, &error, work.due.unwrap_or(now));
                        let asked = work.come_back(app, work.is_in_doubt, verdict);
                        failures.extend(app.in_time(deadline, asked).await.unwrap_or(work.record.message_id.clone()));
                    }
                }
            }
            let groups = stream::iter(members.chunks(MAX_INSERTS));
            let failed = groups.map(|group| group::handle(app, group, deadline)).buffer_unordered(GROUPS);
            failures.extend(failed.collect::<Vec<_>>().await.concat());
        }
        Ok(Err(error)) => {
            tracing::error!(error = telemetry::chain(&error), "the batch could not be loaded");
            let asked = works.iter().map(async |work| {
                let verdict = after(app, &error, work.due.unwrap_or(now));
                let asked = work.come_back(app, work.is_in_doubt, verdict);
                app.in_time(deadline, asked).await.unwrap_or(work.record.message_id.clone())
            });
            failures.extend(join_all(asked).await.into_iter().flatten());
        }
        Err(_) => {
            tracing::error!("out of time: the batch could not be loaded");
            failures.extend(works.iter().filter_map(|work| work.record.message_id.clone()));
        }
    }
    failures
}

/// Moves a message that nobody can read to the dead letters, with the reason. Returns its id if even that fails.
pub async fn set_aside(app: &App, record: &SqsMessage, reason: &str, deadline: Timestamp) -> Option<String> {
    let id = record.message_id.clone().unwrap_or_default();
    tracing::error!(message_id = id, reason, "a message cannot be read");
    let moving = app.dead_letters.send_unreadable(record.body.as_deref().unwrap_or(" "), reason);
    match app.in_time(deadline, moving).await {
        Ok(Ok(())) => return None,
        Ok(Err(error)) => {
            tracing::error!(message_id = id, error = telemetry::chain(&error), "it could not be set aside");
        }
        Err(_) => tracing::error!(message_id = id, "out of time: it could not be set aside"),
    }
    Some(id)
}

/// What operators have set up and switched. A process reads each once a minute, and what may lack something new a little more often, so
/// that most batches read none of them.
#[derive(Default)]
struct Deployment {
    configured: Arc<Vec<ConfiguredChannel>>,
    categories: Arc<Categories>,
    pauses: Arc<Pauses>,
}

async fn load(app: &App, works: &[Work]) -> Result<(Loaded, Deployment), StoreError> {
    if works.is_empty() {
        return Ok(Default::default());
    }
    let users: HashSet<_> = works.iter().map(|work| work.user_id).collect();
    let notifications: HashSet<_> = works.iter().map(|work| work.notification_id).collect();
    let loaded = async {
        let mut loaded = app.store.load(users, notifications).await?;
        let Loaded { users, notifications, .. } = &mut loaded;
        let unreadable = app.runs.fill_to_send(&app.store, users, notifications.values_mut()).await?;
        loaded.unreadable_notifications.extend(unreadable);
        Ok(loaded)
    };
    let (setup, store) = (&app.setup, &app.store);
    let (loaded, _, _, pauses) =
        tokio::try_join!(loaded, setup.channels(store), setup.categories(store), app.pauses())?;
    // So the first message by a new channel is sent, and a process whose users have endpoints of a removed channel makes few queries.
    let may_lack = |configured: &[ConfiguredChannel]| {
        works.iter().any(|work| may_lack_a_channel(loaded.users.get(&work.user_id), configured, work.channel))
    };
    let configured = setup.channels_or_recent(store, may_lack).await?;
    // The group may be a category by now, and one that is opt-in must not be sent to those who never chose.
    let lacks = |categories: &Categories| loaded.notifications.values().any(|one| categories.lacks(one));
    let categories = setup.categories_or_recent(store, lacks).await?;
    Ok((loaded, Deployment { configured, categories, pauses }))
}

/// What a batch's messages are decided by.
struct Known {
    loaded: Loaded,
    deployment: Deployment,
    looked_up: LookedUp,
    /// The channels whose addresses could not be looked up.
    waiting: Vec<Channel>,
}

/// Looks up the addresses of all mails and the devices of all push messages of the batch, by one call. Which they are is known
/// only after the users were read. Without mail and push there is no call. If it failed, mail and push have to wait and nothing
/// else has to: their channels are returned.
async fn look_up(
    app: &App,
    works: &[Work],
    loaded: &Loaded,
    Deployment { configured, categories, pauses }: &Deployment,
    deadline: Timestamp,
) -> (LookedUp, Vec<Channel>) {
    let now = app.clock.now();
    let wanted = works.iter().filter_map(|work| {
        let user = loaded.users.get(&work.user_id);
        let notification = loaded.notifications.get(&work.notification_id)?;
        let input = DecisionInput { user, configured, categories, pauses, notification, looked_up: &NOTHING_LOOKED_UP };
        Some(addresses_to_look_up(input, work.channel, now))
    });
    match app.in_time(deadline, app.suppressions.look_up(wanted.collect())).await {
        Ok(Ok(Found { suppressed: Ok(suppressed), owners })) => (LookedUp { suppressed, owners }, Vec::new()),
        Ok(Ok(Found { suppressed: Err(error), owners })) => {
            tracing::error!(error = telemetry::chain(&error), "no mail is sent: its addresses could not be looked up");
            (LookedUp { owners, ..NOTHING_LOOKED_UP.clone() }, vec![Channel::Email])
        }
        Ok(Err(error)) => {
            tracing::error!(
                error = telemetry::chain(&error),
                "no mail and no push is sent: addresses could not be looked up"
            );
            (NOTHING_LOOKED_UP.clone(), vec![Channel::Email, Channel::Push])
        }
        Err(_) => {
            tracing::error!("out of time: the addresses of the batch's mail and push could not be looked up");
            (NOTHING_LOOKED_UP.clone(), vec![Channel::Email, Channel::Push])
        }
    }
}

/// Why a message is not worked on.
enum NoMember {
    /// There is nothing left to do.
    Gone,
    /// Something that it speaks of cannot be read.
    Unreadable,
    /// Something that it depends on is not known at present.
    Waiting(StoreError),
}

/// A message with its loaded data.
fn member<'a>(app: &App, work: &'a Work, known: &'a Known, deadline: Timestamp) -> Result<Member<'a>, NoMember> {
    let Known { loaded, deployment: Deployment { configured, categories, pauses }, looked_up, waiting } = known;
    if loaded.unreadable.contains(&work.user_id) || loaded.unreadable_notifications.contains(&work.notification_id) {
        return Err(NoMember::Unreadable);
    }
    let Some(notification) = loaded.notifications.get(&work.notification_id) else {
        // The notification has expired, or was erased with its user: there is nothing to send, and no record to write
        // to.
        tracing::warn!(notification_id = %work.notification_id, channel = %work.channel, "the notification is gone");
        return Err(NoMember::Gone);
    };
    if waiting.contains(&work.channel) {
        return Err(NoMember::Waiting(StoreError::Unavailable("its addresses were not looked up".into())));
    }
    // Its category may be opt-in. It may come from a later version, whose worker reads it.
    let is_unreadable = |group: &String| categories.is_unreadable(group);
    if !notification.critical && notification.group.as_ref().is_some_and(is_unreadable) {
        tracing::error!(notification_id = %work.notification_id, "it waits, since its category cannot be read");
        return Err(NoMember::Waiting(StoreError::Failed("its category cannot be read".into())));
    }
    let has_inbox = configured.iter().any(|channel| channel.provider == Provider::InApp);
    let attempt = Attempt {
        user: loaded.users.get(&work.user_id),
        notification,
        channel: work.channel,
        configured,
        categories,
        pauses,
        looked_up,
        receive: work.receive,
        // What a webhook carries to an inbox elsewhere has a lease from the start.
        entry: if work.is_in_doubt && has_inbox { EntryState::InDoubt } else { EntryState::NotWritten },
        due: work.due.unwrap_or_else(|| app.clock.now()),
        deadline,
    };
    Ok(Member { work, attempt })
}

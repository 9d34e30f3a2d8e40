//! The page's other data: queues, providers, functions, the demo's people and dead letters.

use serde_json::{Map, Value, json};
use shared::domain::{Channel, UserId, user::UserRecord};
use shared::store::{StoreError, walk};

use crate::control::{Control, queues};
use crate::demo::PEOPLE;

/// The most dead letters that are listed.
const LETTERS: usize = 20;

/// `{queues, providers, functions, channels, people, dead_letters}`. A part that cannot be read now is `null`.
pub(super) async fn state(control: &Control) -> Value {
    let queues = queues::counts(&control.queue_client, &control.queues).await;
    let providers = (control.providers.answers(), control.providers.calls());
    json!({
        "queues": queues.unwrap_or_default(),
        "providers": providers_state(&providers.0, &providers.1),
        "functions": control.functions.keys().collect::<Vec<_>>(),
        "channels": channels(control).await.unwrap_or_default(),
        "people": people(control).await.unwrap_or_default(),
        "dead_letters": dead_letters(control).await.unwrap_or_default(),
    })
}

/// `{ses: {requests, answers: [{status, then, left}]}, …}`.
fn providers_state(answers: &Value, calls: &Value) -> Value {
    let answers = answers.as_object().into_iter().flatten();
    let provider = |(name, answers): (&String, &Value)| {
        (name.clone(), json!({"requests": calls.get(name).cloned().unwrap_or_default(), "answers": answers}))
    };
    answers.map(provider).collect::<Map<_, _>>().into()
}

/// The channel types with a configured channel, in the order in which people see them.
async fn channels(control: &Control) -> Result<Value, StoreError> {
    let configured = control.store.channels().await?;
    let has = |channel: &Channel| configured.iter().any(|one| one.channel() == Some(*channel));
    Ok(json!(Channel::ALL.into_iter().filter(has).collect::<Vec<_>>()))
}

/// `[{id, name, channels: {email: true, …}}]`; a channel that was never switched is on.
async fn people(control: &Control) -> Result<Value, StoreError> {
    let mut people = Vec::new();
    for id in PEOPLE.into_iter().filter_map(UserId::parse) {
        if let Some(UserRecord::Present(user)) = control.store.user(id).await? {
            let switch = |channel: Channel| (channel.to_string(), user.channels.get(&channel).is_none_or(|on| *on));
            let channels: Map<_, _> =
                Channel::ALL.map(switch).into_iter().map(|(name, on)| (name, on.into())).collect();
            people.push(json!({"id": id, "name": user.name, "channels": channels}));
        }
    }
    Ok(people.into())
}

/// `{more, letters: [{id, reason, notification_id, channel, at}]}`, newest first.
async fn dead_letters(control: &Control) -> Result<Value, StoreError> {
    let mut letters = walk::first(control.store.dead_letters(None, LETTERS), LETTERS + 1).await?;
    let more = letters.len() > LETTERS;
    letters.truncate(LETTERS);
    let letters = letters.iter().map(|letter| {
        json!({
            "id": letter.id, "reason": letter.reason, "at": letter.at,
            "notification_id": letter.about.map(|about| about.notification_id),
            "channel": letter.about.map(|about| about.channel),
        })
    });
    Ok(json!({"more": more, "letters": letters.collect::<Vec<_>>()}))
}

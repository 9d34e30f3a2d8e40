//! A notification with all its data: as the API shows it, its content, and the requests to the providers.

use serde_json::{Map, Value, json};
use shared::store::{StoreError, walk};
use shared::{
    clock::Clock,
    domain::{Channel, InboxState, Notification, NotificationId, user::UserRecord},
};

use super::requests;
use crate::control::Control;

/// How many entries of the user's inbox are searched.
const LOOKED_AT: usize = 60;

/// The notification as JSON; `None` if it does not exist any more.
pub(super) async fn notification(control: &Control, id: NotificationId) -> Result<Option<Value>, StoreError> {
    let Some((mut notification, looked_at)) = control.store.notification(id).await? else {
        return Ok(None);
    };
    control.runs.fill(&control.store, &mut notification).await?;
    let requests = requests::of(&control.providers, &notification, &looked_at);
    let entry = inbox_entry(control, &notification).await?;
    let name = match control.store.user(notification.user_id).await? {
        Some(UserRecord::Present(user)) => user.name,
        _ => None,
    };
    let (critical, content) = (notification.critical, json!(notification.content));
    let (priority, metadata) = (notification.priority, json!(notification.metadata));
    let (at_most_once, run) = (notification.at_most_once, notification.run);
    let mut view = json!(notifications::view::view((notification, looked_at), Clock::system().now()));
    view["critical"] = json!(critical);
    view["content"] = content;
    view["priority"] = json!(priority);
    view["metadata"] = metadata;
    view["at_most_once"] = json!(at_most_once);
    view["run_id"] = json!(run);
    view["user_name"] = json!(name);
    for delivery in view["deliveries"].as_array_mut().into_iter().flatten() {
        let channel = delivery["channel"].clone();
        let own = requests.iter().filter(|request| request["channel"] == channel).cloned();
        delivery["requests"] = own.collect();
        if channel == Channel::InApp.as_str() {
            delivery["entry"] = entry.clone();
        }
    }
    Ok(Some(view))
}

/// The notification's inbox entry; `null` if there is none.
async fn inbox_entry(control: &Control, notification: &Notification) -> Result<Value, StoreError> {
    if !notification.channels.contains(&Channel::InApp) {
        return Ok(Value::Null);
    }
    let entries = control.store.inbox(notification.user_id, None, LOOKED_AT, InboxState::All);
    let entries = walk::first(entries, LOOKED_AT).await?;
    let entry = entries.into_iter().find(|entry| entry.notification_id == notification.id);
    Ok(entry.map_or(Value::Null, |entry| {
        let data = Value::from(entry.data.into_iter().collect::<Map<_, _>>());
        json!({"title": entry.title, "body": entry.body, "data": data, "read": entry.read_at.is_some()})
    }))
}

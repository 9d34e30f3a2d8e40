//! `POST /_local/ui/data/notifications/{id}/retry`: a delivery that waits for its next attempt does not wait any longer. The API
//! has no such request: what waits there comes by itself, and what has given up is redriven.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Json;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};
use shared::domain::{Channel, NotificationId};
use shared::queue::Message;

use super::{Shared, list};
use crate::aws::clients;
use crate::control::{Refused, read};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Which {
    channel: String,
}

/// Ends the wait and sends the delivery's message again. The message that comes at the end of the wait finds the delivery as this
/// one has left it, so nothing is sent twice.
pub(super) async fn retry(
    State(page): Shared,
    Path(id): Path<String>,
    body: Bytes,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let control = &page.control;
    let Which { channel } = read(&body)?;
    let missing = || Refused(StatusCode::NOT_FOUND, "there is no such delivery".to_owned());
    let (id, channel) = NotificationId::parse(&id).zip(Channel::parse(&channel)).ok_or_else(missing)?;
    let found = control.store.notification(id).await.map_err(|error| list::unread(&error))?;
    let (notification, _) = found.ok_or_else(missing)?;
    let queue = queue(channel);
    let queue = control.queues.iter().find(|one| one.logical_id == queue).ok_or_else(missing)?;
    let client = Client::from_conf(clients::dynamodb(control.dynamodb.direct_endpoint()).build());
    if !end_wait(&client, &control.table, id, channel).await? {
        let why = "the delivery does not wait for its next attempt any more";
        return Err(Refused(StatusCode::CONFLICT, why.to_owned()));
    }
    let message = Message::Deliver { notification_id: id, user_id: notification.user_id, channel };
    let send = control.queue_client.client().send_message().queue_url(&queue.url).message_body(message.to_json());
    send.send().await.map_err(|error| gateway(&error))?;
    Ok((StatusCode::ACCEPTED, Json(json!({"retried": channel}))))
}

/// The delivery may be tried at once, and the index does not list it any more. `false` if it does not wait.
async fn end_wait(client: &Client, table: &str, id: NotificationId, channel: Channel) -> Result<bool, Refused> {
    let text = |text: String| AttributeValue::S(text);
    let update = client
        .update_item()
        .table_name(table)
        .key("pk", text(format!("NOTIFICATION#{id}")))
        .key("sk", text(format!("DELIVERY#{channel}")))
        .update_expression("REMOVE #not_before, #owner, #at")
        .condition_expression("#status = :retrying")
        .expression_attribute_names("#not_before", "not_before")
        .expression_attribute_names("#owner", "owner")
        .expression_attribute_names("#at", "at")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":retrying", text("retrying".to_owned()));
    match update.send().await {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(refused) if refused.is_conditional_check_failed_exception() => Ok(false),
            _ => Err(gateway(&error)),
        },
    }
}

/// The logical id of a channel's queue in template.yaml.
fn queue(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "Queue",
        Channel::Push => "PushQueue",
        Channel::Sms => "SmsQueue",
        Channel::Slack => "SlackQueue",
        Channel::InApp => "InAppQueue",
    }
}

fn gateway(error: &dyn std::error::Error) -> Refused {
    Refused(StatusCode::BAD_GATEWAY, format!("the emulator did not do it: {error}"))
}

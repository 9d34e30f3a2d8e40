//! Requests about a notification after it was accepted, and the treatment of addresses that cannot be used.

mod addresses_gone;
mod bounces;
mod cancel;
mod dead_letters;
mod expiry;
mod explain;
mod failover;
mod handed_on;
mod lengths;
mod list;
mod new_channels;
mod platforms;

use std::time::Duration;

use api::Client;
use local::demo::Demo;
use serde_json::{Value, json};

use crate::faults::{Recipient, answers};

/// A token of the user with this id.
pub fn own_token(id: &str) -> String {
    let demo = Demo::new().unwrap();
    demo.sign(&demo.claims(id))
}

/// Creates a recipient on `channel`.
pub async fn recipient(client: &Client, channel: &'static str) -> Recipient {
    Recipient::new(client, &client.token("admin").await, channel).await
}

/// Sends a notification to the recipient. Returns its one delivery once that is settled.
pub async fn told(client: &Client, recipient: &Recipient) -> Value {
    client.settled(&client.notify(&recipient.notification()).await).await["deliveries"][0].clone()
}

/// Sends a notification whose first attempt is refused and whose second attempt is so much later, in whole seconds. Returns its
/// id once the first attempt is recorded.
pub async fn retrying(client: &Client, recipient: &Recipient, body: &Value, later: Duration) -> String {
    let after = json!({"retry-after": later.as_secs().to_string()});
    let answer = json!({"to": recipient.address, "status": 503, "headers": after});
    answers(client, if recipient.channel == "email" { "ses" } else { "fcm" }, json!([answer])).await;
    let id = client.notify(body).await;
    client.notification_when(&id, |data| data["deliveries"][0]["attempts"] == 1).await;
    client.notification_when(&id, |data| data["status"] == "retrying").await;
    id
}

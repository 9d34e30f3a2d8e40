//! Users of contracts 1 and 3, keys, channels, suppressed addresses.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::harness::Request;
use crate::section::Fault;
use crate::sections::calls::cast::Cast;
use crate::sections::calls::endpoints::text;

/// The request for an operation of this function.
pub async fn request(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    let user = |user: &str| format!("/api/v1/users/{user}");
    let request = match operation {
        "createUser" => {
            let email = format!("new-{}@example.com", Uuid::new_v4().simple());
            cast.by_admin(Method::POST, "/api/v1/users").json(&json!({"name": "A User", "email": email}))
        }
        "findUsers" => cast.by_admin(Method::GET, "/api/v1/users?limit=2"),
        "readUser" => cast.by_admin(Method::GET, user(&cast.user().await?)),
        "changeUser" => cast.by_admin(Method::PUT, user(&cast.user().await?)).json(&json!({"name": "New"})),
        "eraseUser" => cast.by_admin(Method::DELETE, user(&cast.user().await?)),
        "exportUser" => cast.by_admin(Method::GET, format!("{}/export", user(&cast.user().await?))),
        "listSuppressions" => cast.by_admin(Method::GET, format!("{}/suppressions", user(&suppressed(cast).await?.0))),
        "liftSuppression" => {
            let (id, address) = suppressed(cast).await?;
            let path = format!("{}/suppressions/{}", user(&id), address.replace('@', "%40"));
            cast.by_admin(Method::DELETE, path)
        }
        _ => return of_contract_3(cast, operation).await,
    };
    Ok(Some(request))
}

async fn of_contract_3(cast: &Cast, operation: &str) -> Result<Option<Request>, Fault> {
    let request = match operation {
        "listNotiflowsUsers" => cast.by_pair(Method::GET, "/admin/v1/users?limit=2")?,
        "upsertNotiflowsUser" => cast.by_pair(Method::PUT, known(cast).await?)?.json(&json!({"first_name": "Grace"})),
        "readNotiflowsUser" => cast.by_pair(Method::GET, known(cast).await?)?,
        "eraseNotiflowsUser" => cast.by_pair(Method::DELETE, known(cast).await?)?,
        "readNotiflowsPreferences" => cast.by_pair(Method::GET, format!("{}/preferences", known(cast).await?))?,
        "changeNotiflowsPreferences" => cast
            .by_pair(Method::PUT, format!("{}/preferences", known(cast).await?))?
            .json(&json!({"channel_types": {"sms": false}})),
        "listApiKeys" => cast.by_admin(Method::GET, "/api/v1/api-keys"),
        "createApiKey" => cast.by_admin(Method::POST, "/api/v1/api-keys").json(&json!({"name": "Billing"})),
        "deleteApiKey" => {
            let new = cast.by_admin(Method::POST, "/api/v1/api-keys").json(&json!({"name": "Billing"}));
            let made = cast.world.expect(201, new).await?.json();
            cast.by_admin(Method::DELETE, format!("/api/v1/api-keys/{}", text(&made, "api_key")?))
        }
        "readHealth" => cast.by_admin(Method::GET, "/api/v1/health"),
        "listChannels" => cast.by_admin(Method::GET, "/api/v1/channels"),
        "readChannel" => cast.by_admin(Method::GET, "/api/v1/channels/inbox"),
        "putChannel" => cast
            .by_admin(Method::PUT, "/api/v1/channels/text-messages")
            .json(&json!({"provider": "sms", "name": "Text messages", "secret": "tidings/sms", "position": 9})),
        "deleteChannel" => {
            let channel = "/api/v1/channels/to-be-deleted";
            let made = cast.by_admin(Method::PUT, channel).json(&json!({"provider": "email", "position": 9}));
            cast.world.expect(201, made).await?;
            cast.by_admin(Method::DELETE, channel)
        }
        _ => return Ok(None),
    };
    Ok(Some(request))
}

/// The path of an existing user of contract 3.
async fn known(cast: &Cast) -> Result<String, Fault> {
    let path = format!("/admin/v1/users/customer-{}", Uuid::new_v4().simple());
    let body = json!({"first_name": "Ada", "email": "ada@example.com"});
    cast.world.expect(201, cast.by_pair(Method::PUT, path.clone())?.json(&body)).await?;
    Ok(path)
}

/// A user with a suppressed address, and the address.
async fn suppressed(cast: &Cast) -> Result<(String, String), Fault> {
    let user = cast.user().await?;
    let read = cast.by_admin(Method::GET, format!("/api/v1/users/{user}"));
    let address = text(&cast.world.expect(200, read).await?.json(), "email")?;
    let mail = json!({"user_id": user, "notification_type": "email", "content": {"subject": "x", "body": "x"}});
    let notification = cast.notify(&mail).await?;
    cast.delivered(&notification, "sent").await?;
    let sent = cast.world.stack.providers().deliveries_where(|delivery| delivery["to"] == json!(address));
    let id = sent.first().map_or(Value::Null, |delivery| delivery["message_id"].clone());
    let bounce = json!({"message_id": id, "event": "bounce"});
    cast.world.expect(200, Request::new(Method::POST, "/_local/ses/events").json(&bounce)).await?;
    let path = format!("/api/v1/users/{user}/suppressions");
    cast.until("a suppressed address", async || {
        let listed = cast.world.expect(200, cast.by_admin(Method::GET, &path)).await?.json();
        Ok(listed["items"].as_array().is_some_and(|items| !items.is_empty()).then_some(()))
    })
    .await?;
    Ok((user, address))
}

//! Every provider once, through its stand-in: the request that it gets, the effect of its answers, and the effect of a
//! worker that dies. Inbox messages have no external provider and are tested elsewhere.

mod faults;
mod sent;
mod trouble;
mod webhooks;

use api::{Answer, Client, options, own, unique};
use local::stack::{Options, Stack};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::Provider;

use crate::faults::Recipient;

/// A provider, and the name of its stand-in.
pub struct Way {
    pub provider: Provider,
    pub stand_in: &'static str,
    pub channel: &'static str,
}

const fn way(provider: Provider, stand_in: &'static str, channel: &'static str) -> Way {
    Way { provider, stand_in, channel }
}

pub const WAYS: [Way; 6] = [
    way(Provider::Email, "ses", "email"),
    way(Provider::Fcm, "fcm", "push"),
    way(Provider::Apns, "apns", "push"),
    way(Provider::Slack, "slack", "slack"),
    way(Provider::Sms, "sms", "sms"),
    way(Provider::Webhook, "webhook", "sms"),
];

impl Way {
    /// The id of the provider's channel. The demo has some of the channels; `World::start` makes the others.
    fn channel_id(&self, demo: &Value) -> String {
        let name = if self.provider == Provider::Email { "email" } else { self.stand_in };
        demo["channels"][name].as_str().unwrap_or(name).to_owned()
    }

    fn address(&self, stack: &Stack) -> String {
        let number = unique();
        match self.provider {
            Provider::Email => format!("way-{number}@example.com"),
            Provider::Fcm | Provider::Apns => format!("{}-device-{number}", self.stand_in),
            Provider::Slack => format!("C{number:09}"),
            Provider::Sms => format!("+1415{number:07}"),
            Provider::Webhook => format!("{}/hooks/{number}", stack.providers().webhook_endpoint()),
            Provider::InApp => unreachable!("it is no way out"),
        }
    }

    fn settings(&self, address: &str) -> Value {
        match self.provider {
            Provider::Email => json!({"address": address}),
            Provider::Fcm | Provider::Apns => json!({"device_tokens": [address]}),
            Provider::Slack => json!({"slack_channel_id": address}),
            Provider::Sms => json!({"phone": address}),
            Provider::Webhook => json!({"url": address}),
            Provider::InApp => unreachable!("it is no way out"),
        }
    }
}

/// A stack with a channel of every provider.
pub struct World {
    pub stack: Stack,
    pub client: Client,
    demo: Value,
}

impl World {
    pub async fn start(concurrency: usize, parameters: &[(&str, &str)]) -> Self {
        let (stack, client) = own(Options { concurrency, ..options(parameters) }).await;
        let demo = client.demo().await;
        let world = Self { stack, client, demo };
        let secrets = [("sms", world.stack.providers().sms_secret()), ("webhook", world.secret(&WAYS[5]))];
        for (name, secret) in secrets {
            let stored = format!("tidings/{name}");
            world.stack.providers().put_secret(&stored, &secret);
            let way = WAYS.iter().find(|way| way.stand_in == name).expect("a way");
            world.put_channel(way, name, &stored).await;
        }
        world
    }

    /// The secret that the provider's channel needs. The email provider needs none: it uses the function's own role.
    pub fn secret(&self, way: &Way) -> String {
        let providers = self.stack.providers();
        match way.provider {
            Provider::Fcm => providers.fcm_service_account(),
            Provider::Apns => providers.apns_secret(),
            Provider::Slack => providers.slack_secret(),
            Provider::Sms => providers.sms_secret(),
            Provider::Webhook => providers.webhook_secret(),
            Provider::Email | Provider::InApp => String::new(),
        }
    }

    /// Adds another channel of the provider. Call it before a worker has read the channels, because a worker caches
    /// them.
    pub async fn put_channel(&self, way: &Way, id: &str, secret: &str) {
        let mut body = json!({"provider": way.provider, "secret": secret, "position": 1});
        if way.provider == Provider::Webhook {
            body["carries"] = json!(way.channel);
        }
        let path = format!("/api/v1/channels/{id}");
        let put = self.client.json(Method::PUT, &path, &self.client.token("admin").await, &body).await;
        assert!(put.status.is_success(), "{}", put.text);
    }

    /// Creates a user who is reached by this provider only.
    pub async fn recipient(&self, way: &Way) -> Recipient {
        self.recipient_on(way, &way.channel_id(&self.demo)).await
    }

    /// Creates a user who is reached by this provider only, through the channel with this id.
    pub async fn recipient_on(&self, way: &Way, channel_id: &str) -> Recipient {
        let user = self.client.new_user(json!({})).await["id"].as_str().expect("an id").to_owned();
        let address = way.address(&self.stack);
        self.set(&user, channel_id, &way.settings(&address)).await;
        Recipient { user, channel: way.channel, address }
    }

    /// Writes a user's settings for a channel.
    pub async fn set(&self, user: &str, channel_id: &str, settings: &Value) -> Answer {
        let put = self.settings(Method::PUT, user, channel_id, json!({"settings": settings}).to_string().into()).await;
        assert!(put.status.is_success(), "{}", put.text);
        put
    }

    /// A request for a user's settings for a channel.
    pub async fn settings(&self, method: Method, user: &str, channel_id: &str, body: Vec<u8>) -> Answer {
        let text = |name: &str| self.demo["notiflows"][name].as_str().expect("a key").to_owned();
        let (api_key, secret_key) = (text("api_key"), text("secret_key"));
        let keys = [("x-notiflows-api-key", api_key.as_str()), ("x-notiflows-secret-key", secret_key.as_str())];
        let path = format!("/admin/users/{user}/channel-settings/{channel_id}");
        self.client.send(method, &path, &keys, Some(body)).await
    }

    /// One recipient for each provider.
    pub async fn recipients(&self) -> Vec<Recipient> {
        let mut recipients = Vec::new();
        for way in &WAYS {
            recipients.push(self.recipient(way).await);
        }
        recipients
    }
}

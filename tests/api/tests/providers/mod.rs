//! Every provider once through its stand-in: what it is asked, what becomes of its answers, what a death costs. In-app
//! messages need nobody and are tested elsewhere.

mod faults;
mod sent;
mod trouble;

use api::{Client, options, own, unique};
use local::{
    demo,
    stack::{Options, Stack},
};
use reqwest::Method;
use serde_json::json;
use shared::domain::{ConfiguredChannel, Provider, Settings, Timestamp, UserId};

use crate::faults::Recipient;

/// A provider, and the stand-in's name for it.
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
    /// The demo has some channels of its own; the others are made.
    fn channel_id(&self, demo: &serde_json::Value) -> String {
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

    fn settings(&self, address: &str) -> Settings {
        let (mut settings, address) = (Settings::default(), address.to_owned());
        match self.provider {
            Provider::Email => settings.address = Some(address),
            Provider::Fcm | Provider::Apns => settings.device_tokens = vec![address],
            Provider::Slack => settings.slack_channel_id = Some(address),
            Provider::Sms => settings.phone = Some(address),
            Provider::Webhook => settings.url = Some(address),
            Provider::InApp => unreachable!("it is no way out"),
        }
        settings
    }
}

/// A stack with a channel of every provider.
pub struct World {
    pub stack: Stack,
    pub client: Client,
    demo: serde_json::Value,
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

    /// What the channel's secret has to say; the email provider goes by the function's own role.
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

    /// Another channel of the provider. To be done before a worker has looked at the channels.
    pub async fn put_channel(&self, way: &Way, id: &str, secret: &str) {
        let mut body = json!({"provider": way.provider, "secret": secret, "position": 1});
        if way.provider == Provider::Webhook {
            body["carries"] = json!(way.channel);
        }
        let path = format!("/admin/v1/channels/{id}");
        let put = self.client.json(Method::PUT, &path, &self.client.token("admin").await, &body).await;
        assert!(put.status.is_success(), "{}", put.text);
    }

    /// Somebody who is reached by this provider only.
    pub async fn recipient(&self, way: &Way) -> Recipient {
        self.recipient_on(way, &way.channel_id(&self.demo)).await
    }

    /// The same on one of several channels of the provider. Past the API, which lets no webhook lead inside.
    pub async fn recipient_on(&self, way: &Way, channel_id: &str) -> Recipient {
        let user = self.client.new_user(json!({})).await["id"].as_str().expect("an id").to_owned();
        let address = way.address(&self.stack);
        let (id, name, provider) = (channel_id.to_owned(), String::new(), way.provider);
        let channel = ConfiguredChannel { id, name, provider, secret: None, position: 0, carries: None };
        let store = demo::store(self.stack.emulators().dynamodb_endpoint(), &self.stack.template().table.name).unwrap();
        let user_id = UserId::parse(&user).expect("a UUID");
        store.put_endpoint(user_id, &channel, &way.settings(&address), None, Timestamp::now()).await.expect("written");
        Recipient { user, channel: way.channel, address }
    }

    /// One of them a provider.
    pub async fn recipients(&self) -> Vec<Recipient> {
        let mut recipients = Vec::new();
        for way in &WAYS {
            recipients.push(self.recipient(way).await);
        }
        recipients
    }
}

//! The demo's data in the table. Existing data stay unchanged, because kept data belong to the developer.

use std::collections::BTreeMap;

use shared::{
    aws::Aws,
    clock::Clock,
    config::ConfigError,
    domain::{
        ApiKey, Channel, ConfiguredChannel, EmailAddress, LinkEpoch, Provider, Timestamp, UserId, user_change::NewUser,
    },
    hash::sha256_hex,
    random::Randomness,
    render::Template,
    store::{CategoryError, ChannelError, CreateUserError, Store, StoreError, TemplateError},
};

use super::{APNS_SECRET, FCM_SECRET, ORG, OTHER_USER, SLACK_SECRET, TEAM, TEAM_MEMBER, USER};

/// A channel of the demo, and its name in `GET /_local`.
#[derive(Debug)]
pub struct DemoChannel {
    /// The channel's name in `GET /_local`.
    pub key: &'static str,
    /// Its id.
    pub id: &'static str,
    provider: Provider,
    secret: Option<&'static str>,
}

/// The demo's channels at the start.
pub const CHANNELS: [DemoChannel; 4] = [
    DemoChannel { key: "email", id: "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b001", provider: Provider::Email, secret: None },
    DemoChannel {
        key: "fcm",
        id: "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b002",
        provider: Provider::Fcm,
        secret: Some(FCM_SECRET),
    },
    DemoChannel {
        key: "apns",
        id: "3e9a4f10-7a51-4a44-9f6a-51f8d1c2b003",
        provider: Provider::Apns,
        secret: Some(APNS_SECRET),
    },
    DemoChannel {
        key: "slack",
        id: "01HQXYZ123456789ABCDEFGHIJ",
        provider: Provider::Slack,
        secret: Some(SLACK_SECRET),
    },
];

/// The code of the demo's template.
const TEMPLATE: &str = "welcome";

/// The demo's key pair of contract 3. It protects nothing outside of the demo.
pub const API_KEY: &str = "pk_demo_4b7f2a9c1e8d5036";
pub const SECRET_KEY: &str = "sk_demo_9d1c6e3f8a2b4750c7e1d4a69f3b8052";

/// The demo's data could not be written.
#[derive(Debug, thiserror::Error)]
pub enum SeedError {
    /// The emulator's end point is not valid.
    #[error("the emulator is nowhere to be found")]
    EndPoint(#[from] ConfigError),
    /// The table refused a write.
    #[error("the demo's data could not be written")]
    Store(#[from] StoreError),
    /// The table refused a channel.
    #[error("the demo's channels could not be written")]
    Channel(#[from] ChannelError),
    /// The table refused a category.
    #[error("the demo's categories could not be written")]
    Category(#[from] CategoryError),
    /// The table refused the template.
    #[error("the demo's template could not be written")]
    TemplateNotWritten(#[from] TemplateError),
    /// The template's file is not well formed.
    #[error("the demo's template is not well formed")]
    Template(#[source] serde_json::Error),
    /// A user id in the demo's constants is not well formed.
    #[error("the demo's user {0} is not well formed")]
    User(&'static str),
}

struct DemoUser {
    id: &'static str,
    name: &'static str,
    email: &'static str,
    push_token: Option<&'static str>,
    channels: &'static [Channel],
    teams: &'static [&'static str],
    created_at: &'static str,
}

const USERS: [DemoUser; 3] = [
    DemoUser {
        id: USER,
        name: "John Doe",
        email: "john.doe@example.com",
        push_token: Some("fcm_token_abc123"),
        channels: &[Channel::Email, Channel::Push],
        teams: &[],
        created_at: "2024-03-01T10:00:00Z",
    },
    DemoUser {
        id: OTHER_USER,
        name: "Jane Saoirse",
        email: "jane.saoirse@example.com",
        push_token: None,
        channels: &[],
        teams: &[],
        created_at: "2024-03-02T10:00:00Z",
    },
    DemoUser {
        id: TEAM_MEMBER,
        name: "Tim Member",
        email: "tim.member@example.com",
        push_token: None,
        channels: &[],
        teams: &[TEAM],
        created_at: "2024-03-03T10:00:00Z",
    },
];

/// What links to the preferences of the demo's user are bound to; `None` if the demo's constants are not well formed.
pub fn user_s_links() -> Option<LinkEpoch> {
    let created_at = USERS.iter().find(|user| user.id == USER)?.created_at;
    Some(LinkEpoch { created_at: Timestamp::parse(created_at)?, ended: 0 })
}

/// The product's own store. It calls the emulator directly, so that the proxy does not count the calls.
pub fn store(dynamodb_endpoint: &str, table: &str) -> Result<Store, ConfigError> {
    let (clock, random) = (Clock::system(), Randomness::system());
    Ok(Store::new(&Aws::stand_in(dynamodb_endpoint, clock.clone())?, table, clock, random))
}

/// Writes all data of the demo.
pub async fn seed(dynamodb_endpoint: &str, table: &str) -> Result<(), SeedError> {
    let store = store(dynamodb_endpoint, table)?;
    for user in USERS {
        create(&store, user).await?;
    }
    for DemoChannel { key, id, provider, secret } in CHANNELS {
        let (name, secret) = (format!("Demo {key}"), secret.map(str::to_owned));
        let channel = ConfiguredChannel { name, secret, ..ConfiguredChannel::new(id, provider) };
        store.put_channel(&channel, None).await?;
    }
    if store.template(TEMPLATE).await?.is_none() {
        let locales = serde_json::from_str(include_str!("welcome.json")).map_err(SeedError::Template)?;
        let template = Template { code: TEMPLATE.to_owned(), locales };
        store.put_template(&template, None, Clock::system().now()).await?;
    }
    let key = ApiKey {
        public: API_KEY.to_owned(),
        secret_hash: sha256_hex(SECRET_KEY.as_bytes()),
        name: Some("Demo".to_owned()),
        scopes: None,
        created_at: Timestamp::from_millis(0),
    };
    store.put_api_key(&key).await?;
    Ok(())
}

async fn create(store: &Store, user: DemoUser) -> Result<(), SeedError> {
    let DemoUser { id, name, email, push_token, channels, teams, created_at } = user;
    let malformed = || SeedError::User(id);
    let new = NewUser {
        external_id: None,
        id: UserId::parse(id).ok_or_else(malformed)?,
        name: name.to_owned(),
        email: EmailAddress::parse(email).ok_or_else(malformed)?,
        push_token: push_token.map(str::to_owned),
        channels: channels.iter().map(|channel| (*channel, true)).collect::<BTreeMap<_, _>>(),
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        org: Some(ORG.to_owned()),
    };
    match store.create_user(new, Timestamp::parse(created_at).ok_or_else(malformed)?).await {
        Ok(_) | Err(CreateUserError::Taken | CreateUserError::IdTaken) => Ok(()),
        Err(CreateUserError::Store(error)) => Err(error.into()),
    }
}

//! Channels and API keys.

use super::{is_read_but_for, is_written, item};
use crate::{
    domain::{ApiKey, Channel, ConfiguredChannel, Provider, Rate, Scope, Timestamp},
    store::{
        Item, StoreError,
        records::{self, ApiKeyItem, ChannelItem},
    },
};

#[test]
fn a_channel_is_read_and_written() {
    let read = |item: Item| -> Result<ConfiguredChannel, StoreError> { Ok(records::read::<ChannelItem>(item)?.into()) };
    let full = ConfiguredChannel {
        name: "Text messages".into(),
        secret: Some("tidings/sms".into()),
        position: 9,
        ..ConfiguredChannel::new("full", Provider::Sms)
    };
    let hook = ConfiguredChannel {
        secret: Some("tidings/hook".into()),
        carries: Some(Channel::Push),
        ..ConfiguredChannel::new("hook", Provider::Webhook)
    };
    let inbox = ConfiguredChannel::new("recorder-inbox", Provider::InApp);
    let minimal = ConfiguredChannel { name: "Inbox".into(), position: 5, ..inbox };
    let mail = ConfiguredChannel::new("rated", Provider::Email);
    let rated = ConfiguredChannel { name: "Mail".into(), rate_per_second: Rate::new(0.5), ..mail };
    for (name, channel) in
        [("channel_full", full), ("channel_webhook", hook), ("channel_minimal", minimal), ("channel_rated", rated)]
    {
        assert_eq!(read(item(name)).unwrap(), channel, "{name}");
        is_written(name, &records::read::<ChannelItem>(item(name)).unwrap());
    }
    is_read_but_for("channel_full", read, &[]);
    // The stored position equals the default.
    is_read_but_for("channel_webhook", read, &["position"]);
    is_read_but_for("channel_rated", read, &["position"]);
}

#[test]
fn an_api_key_is_read_and_written() {
    let read = |item: Item| -> Result<ApiKey, StoreError> { Ok(records::read::<ApiKeyItem>(item)?.into()) };
    let full = ApiKey {
        public: "pk_5477405139c4c06dce71ec3bb4f2613b".into(),
        secret_hash: "f6775ddbda7fef83e39c0c9460e77b9b535cd3d423ac4c0fb9f7580d5328448a".into(),
        name: Some("Billing".into()),
        scopes: Some([Scope::UsersRead, Scope::UsersWrite].into()),
        created_at: Timestamp::from_millis(1_795_891_836_538),
    };
    let minimal = ApiKey {
        public: "pk_c3ad036599ddc7e8a0ecb3bee3a4593d".into(),
        secret_hash: "29223967415071feec85d3ca784762816740a1822a571f0c8bca0973c88c2d43".into(),
        name: None,
        scopes: None,
        created_at: Timestamp::from_millis(1_795_891_836_549),
    };
    for (name, key) in [("key_full", full), ("key_minimal", minimal)] {
        assert_eq!(read(item(name)).unwrap(), key, "{name}");
        is_written(name, &records::read::<ApiKeyItem>(item(name)).unwrap());
    }
    // Only the index needs these attributes.
    is_read_but_for("key_full", read, &["at", "owner"]);
}

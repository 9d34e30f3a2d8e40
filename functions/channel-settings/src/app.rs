//! What the function works with.

use std::time::Duration;

use shared::{
    cache::Cached,
    clock::Clock,
    dialects::notiflows::{Keys, Problem, Resource},
    domain::ConfiguredChannel,
    http::auth::Bearer,
    random::Randomness,
    store::Store,
};
use uuid::Uuid;

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Which application calls.
    pub keys: Keys,
    /// Which user calls.
    pub users: Bearer,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The namespace that external user ids map into.
    pub namespace: Uuid,
    /// The time.
    pub clock: Clock,
    /// Where new ids come from.
    pub random: Randomness,
}

/// The channel of that id. One that the process does not know is looked for again: it may be new.
pub async fn configured(app: &App, id: &str) -> Result<ConfiguredChannel, Problem> {
    let find = |channels: &[ConfiguredChannel]| channels.iter().find(|channel| channel.id == id).cloned();
    let known = app.channels.get(|| app.store.channels()).await?;
    if let Some(channel) = find(&known) {
        return Ok(channel);
    }
    let fresh = app.channels.get_within(Duration::ZERO, || app.store.channels()).await?;
    find(&fresh).ok_or_else(|| Problem::not_found(Resource::Channel, id))
}

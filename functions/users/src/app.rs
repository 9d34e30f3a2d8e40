//! What the function works with.

use shared::{
    cache::Cached, clock::Clock, dialects::notiflows::Keys, domain::ConfiguredChannel, http::auth::Bearer,
    random::Randomness, store::Store,
};
use uuid::Uuid;

/// What the function works with.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Who calls.
    pub bearer: Bearer,
    /// Which application calls (contract 3).
    pub keys: Keys,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The namespace that external user ids map into.
    pub namespace: Uuid,
    /// The time.
    pub clock: Clock,
    /// Where new ids come from.
    pub random: Randomness,
}

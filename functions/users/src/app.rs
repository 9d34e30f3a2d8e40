//! The function's state.

use shared::{
    cache::Cached,
    clock::Clock,
    dialects::notiflows::Keys,
    domain::{ConfiguredChannel, webhook::InsecureHosts},
    http::auth::Bearer,
    random::Randomness,
    store::Store,
    suppressions::Suppressions,
};
use uuid::Uuid;

/// The function's state.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Which email addresses are suppressed.
    pub suppressions: Suppressions,
    /// Checks bearer tokens.
    pub bearer: Bearer,
    /// Checks applications' keys (contract 3).
    pub keys: Keys,
    /// The configured channels, at most a minute old.
    pub channels: Cached<Vec<ConfiguredChannel>>,
    /// The namespace that external user ids map into.
    pub namespace: Uuid,
    /// The hosts of webhooks that the deployment trusts.
    pub insecure_hosts: InsecureHosts,
    /// The clock.
    pub clock: Clock,
    /// The source of new ids.
    pub random: Randomness,
}

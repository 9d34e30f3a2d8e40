//! The function's state.

use std::sync::Arc;

use shared::{
    clock::Clock,
    delivery::SuppressionList,
    dialects::notiflows::Keys,
    domain::{Categories, webhook::InsecureHosts},
    http::auth::Bearer,
    random::Randomness,
    store::{KnownSetup, Store, StoreError},
    suppressions::Suppressions,
};
use uuid::Uuid;

use crate::health::Health;

/// The function's state.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Which email addresses are suppressed.
    pub suppressions: Suppressions,
    /// Which of them SES suppresses as well.
    pub suppression_list: SuppressionList,
    /// Checks bearer tokens.
    pub bearer: Bearer,
    /// Checks applications' keys (contract 3).
    pub keys: Keys,
    /// The configured channels and the catalogue, each at most a minute old.
    pub setup: KnownSetup,
    /// The namespace that external user ids map into.
    pub namespace: Uuid,
    /// The hosts of webhooks that the deployment trusts.
    pub insecure_hosts: InsecureHosts,
    /// What is missing before the first message.
    pub health: Health,
    /// The clock.
    pub clock: Clock,
    /// The source of new ids.
    pub random: Randomness,
}

impl App {
    /// The catalogue of categories.
    pub async fn categories(&self) -> Result<Arc<Categories>, StoreError> {
        self.setup.categories(&self.store).await
    }
}

//! Security settings as a process remembers them: a change may take some minutes to have an effect, so that a write
//! costs no read.

use std::{sync::Arc, time::Duration};

use shared::{
    cache::CachedMap,
    clock::Clock,
    domain::{Fedmember, SecuritySettings},
    store::{Store, StoreError},
};

/// Settings by organisation, each kept for a time. The fact that none were ever written is kept too.
#[derive(Debug)]
pub struct KnownSecurity(CachedMap<Fedmember, SecuritySettings>);

impl KnownSecurity {
    /// Keeps settings for `keep`.
    pub fn new(keep: Duration, clock: Clock) -> Self {
        Self(CachedMap::new(keep, clock))
    }

    /// An organisation's settings. Callers ask only about organisations that a signed session names, so nobody can fill
    /// the memory with invented names.
    pub async fn of(&self, store: &Store, org: &Fedmember) -> Result<Arc<SecuritySettings>, StoreError> {
        self.0.of(org).get(|| async { store.security_settings(org).await.map(|(settings, _)| settings) }).await
    }

    /// Forgets an organisation's settings after a change.
    pub fn forget(&self, org: &Fedmember) {
        self.0.forget(org);
    }
}

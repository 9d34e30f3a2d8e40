//! Security settings as a process remembers them: a change may take some minutes to have an effect, so that a write
//! costs no read.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use shared::{
    cache::Cached,
    clock::Clock,
    domain::{Fedmember, SecuritySettings},
    store::{Store, StoreError},
};

/// The most organisations that a process remembers.
const MAX: usize = 1000;

/// Settings by organisation, each kept for a time. The fact that none were ever written is kept too.
#[derive(Debug)]
pub struct KnownSecurity {
    keep: Duration,
    clock: Clock,
    known: Mutex<HashMap<Fedmember, Arc<Cached<SecuritySettings>>>>,
}

impl KnownSecurity {
    /// Keeps settings for `keep`.
    pub fn new(keep: Duration, clock: Clock) -> Self {
        Self { keep, clock, known: Mutex::default() }
    }

    /// An organisation's settings. Callers ask only about organisations that a signed session names, so nobody can fill
    /// the memory with invented names.
    pub async fn of(&self, store: &Store, org: &Fedmember) -> Result<Arc<SecuritySettings>, StoreError> {
        let cached = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MAX && !known.contains_key(org) {
                known.clear();
            }
            let new = || Arc::new(Cached::new(self.keep, self.clock.clone()));
            known.entry(org.clone()).or_insert_with(new).clone()
        };
        cached.get(|| async { store.security_settings(org).await.map(|(settings, _)| settings) }).await
    }

    /// Forgets an organisation's settings after a change.
    pub fn forget(&self, org: &Fedmember) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(org);
    }
}

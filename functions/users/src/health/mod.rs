//! What is missing in this deployment before the first message, provider by provider, each with its remedy. It is for operators, who
//! set these things up by the commands of `functions/DEPLOYING.md`.

mod checks;
mod facts;
mod view;

use std::sync::Arc;

use shared::{
    cache::{A_MINUTE, Cached},
    clock::Clock,
    http::auth::Bearer,
    store::{Store, StoreError},
};

pub use facts::{HealthSettings, Sources};
pub use view::HealthView;

/// Whom health asks, and what was found last.
#[derive(Debug)]
pub struct Health {
    sources: Sources,
    /// An answer is kept for a minute, whatever it is: SES takes one call a second of such operations, of the whole account, and
    /// callers must not use them up.
    last: Cached<HealthView>,
}

impl Health {
    /// Nothing is asked yet.
    pub fn new(sources: Sources, clock: Clock) -> Self {
        Self { sources, last: Cached::new(A_MINUTE, clock) }
    }

    /// What is found, at most a minute ago.
    pub async fn view(&self, store: &Store, bearer: &Bearer) -> Result<Arc<HealthView>, StoreError> {
        self.last.get(|| async { Ok(HealthView::of(checks::all(&self.sources.ask(store, bearer).await?))) }).await
    }
}

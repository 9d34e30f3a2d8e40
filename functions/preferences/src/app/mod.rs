//! The function's state.

mod ancestors;
mod anonymous;
mod known_security;

use std::sync::Arc;

use lambda_http::Request;
use shared::{
    cache::Cached,
    clock::Clock,
    domain::{Categories, KnownGroups},
    http::auth::{Bearer, Sessions},
    preference_link::PreferenceKeys,
    public_url::PublicUrl,
    random::Randomness,
    store::{Store, StoreError},
    unsubscribe::OptOutKeys,
};

use crate::groups::Groups;
pub use ancestors::{Ancestors, InvalidOrigins};
pub use anonymous::{Anonymous, UnknownAnonymous};
pub use known_security::KnownSecurity;

/// The function's state.
#[derive(Debug)]
pub struct App {
    /// The table.
    pub store: Store,
    /// Checks bearer tokens.
    pub bearer: Bearer,
    /// What a caller without a token may do with channel preferences (`AnonymousPreferences`).
    pub anonymous: Anonymous,
    /// The catalogue, at most a minute old.
    pub categories: Cached<Categories>,
    /// Sessions, groups and security settings of contract 2.
    pub akana: Akana,
    /// The keys that unsubscribe links are signed with.
    pub opt_outs: OptOutKeys,
    /// The preference centre.
    pub preference_center: PreferenceCenter,
    /// The clock.
    pub clock: Clock,
    /// The source of new ids.
    pub random: Randomness,
}

impl App {
    /// The catalogue of categories.
    pub async fn categories(&self) -> Result<Arc<Categories>, StoreError> {
        self.categories.get(|| self.store.categories()).await
    }

    /// What the deployment says of groups.
    pub fn groups<'a>(&'a self, categories: &'a Categories) -> Groups<'a> {
        Groups { known: &self.akana.groups, categories }
    }
}

/// The state for contract 2, besides the table.
#[derive(Debug)]
pub struct Akana {
    /// Finds the session that a cookie holds.
    pub sessions: Sessions,
    /// The groups that a user can be in.
    pub groups: KnownGroups,
    /// Businesses' security settings, at most some minutes old.
    pub security: KnownSecurity,
}

/// The state for the preference centre.
#[derive(Debug)]
pub struct PreferenceCenter {
    /// What links are signed with.
    pub keys: PreferenceKeys,
    /// What links begin with; none is where the request for a link was sent.
    pub public_url: Option<PublicUrl>,
    /// Which pages may show it.
    pub ancestors: Ancestors,
}

impl PreferenceCenter {
    /// What a link begins with: `PublicUrl`, or the host that this request was sent to. `None` if its header `host` is no name.
    pub fn base(&self, request: &Request) -> Option<PublicUrl> {
        self.public_url.clone().or_else(|| PublicUrl::of_request(request))
    }
}

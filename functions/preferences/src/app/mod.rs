//! The function's state.

mod ancestors;
mod anonymous;
mod brand;
mod known_security;

use std::{borrow::Cow, sync::Arc};

use lambda_http::Request;
use shared::{
    clock::Clock,
    domain::{Categories, ConfiguredChannel, KnownGroups},
    http::auth::{Bearer, Sessions},
    preference_link::PreferenceKeys,
    public_url::PublicUrl,
    random::Randomness,
    store::{KnownSetup, Store, StoreError},
    unsubscribe::OptOutKeys,
};

use crate::groups::Groups;
pub use ancestors::{Ancestors, InvalidOrigins};
pub use anonymous::{Anonymous, UnknownAnonymous};
pub use brand::{Brand, InvalidBrand};
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
    /// The configured channels and the catalogue, each at most a minute old.
    pub setup: KnownSetup,
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
    /// What operators have set up, for the pages.
    pub async fn offer(&self) -> Result<Offer<'_>, StoreError> {
        let (categories, channels) =
            tokio::try_join!(self.setup.categories(&self.store), self.setup.channels(&self.store))?;
        Ok(Offer { known: &self.akana.groups, categories, channels })
    }

    /// The same, as far as it is known without a read: no category and no channel.
    pub fn offer_unread(&self) -> Offer<'_> {
        Offer { known: &self.akana.groups, categories: Arc::default(), channels: Arc::default() }
    }

    /// The groups of contract 2. A group of `CustomGroups` that is the handle of a required or an opt-in category is none of them: such a
    /// category is refused while `CustomGroups` names it, but may have been there before. Contract 2 would write everybody in or out of
    /// it, and show those as in who never chose.
    pub async fn akana_groups(&self) -> Result<Cow<'_, KnownGroups>, StoreError> {
        let groups = &self.akana.groups;
        if groups.names() == groups.own() {
            return Ok(Cow::Borrowed(groups));
        }
        let categories = self.setup.categories(&self.store).await?;
        let is_taken = |name: &str| match categories.get(name) {
            Some(category) => category.required || !category.default_in,
            None => categories.is_unreadable(name),
        };
        Ok(Cow::Owned(groups.without(is_taken)))
    }
}

/// What operators have set up.
#[derive(Clone, Debug)]
pub struct Offer<'a> {
    known: &'a KnownGroups,
    categories: Arc<Categories>,
    channels: Arc<Vec<ConfiguredChannel>>,
}

impl Offer<'_> {
    /// What it says of groups.
    pub fn groups(&self) -> Groups<'_> {
        Groups { known: self.known, categories: &self.categories, configured: &self.channels }
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
    /// What its pages show of the deployment's brand.
    pub brand: Arc<Brand>,
}

impl PreferenceCenter {
    /// What a link begins with: `PublicUrl`, or the host that this request was sent to. `None` if its header `host` is no name.
    pub fn base(&self, request: &Request) -> Option<PublicUrl> {
        self.public_url.clone().or_else(|| PublicUrl::of_request(request))
    }
}

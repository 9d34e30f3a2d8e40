//! The issuer's keys (RFC 7517): a document as it stands, or by its URL.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::jwk::{Jwk, JwkSet};

use super::Unauthenticated;
use crate::{cache::Cached, telemetry};

/// How long fetched keys are used before they are looked at again.
const KEEP: Duration = Duration::from_secs(3600);
/// An unknown key id has the keys fetched again, but not more often than this: a forger must not make us knock at the
/// issuer's door with every token.
const REFETCH: Duration = Duration::from_secs(60);

/// Where the keys come from.
#[derive(Debug)]
pub enum Jwks {
    /// A fixed document.
    Inline(JwkSet),
    /// A document behind a URL, kept for an hour.
    Url {
        /// Its address.
        url: String,
        /// The client that fetches it.
        client: reqwest::Client,
        /// What was fetched last.
        fetched: Cached<JwkSet>,
    },
}

/// A setting that is neither a JWKS document nor an https URL.
#[derive(Debug, thiserror::Error)]
#[error("must be a JWKS document or its https URL")]
pub struct InvalidJwks;

impl Jwks {
    /// Reads the setting.
    pub fn parse(setting: &str) -> Result<Self, InvalidJwks> {
        if setting.trim_start().starts_with('{') {
            return serde_json::from_str(setting).map(Self::Inline).map_err(|_| InvalidJwks);
        }
        if !setting.starts_with("https://") {
            return Err(InvalidJwks);
        }
        let client = reqwest::Client::builder().timeout(Duration::from_secs(3)).build().map_err(|_| InvalidJwks)?;
        Ok(Self::Url { url: setting.to_owned(), client, fetched: Cached::new(KEEP) })
    }

    /// The key of that id; without an id the only key there is.
    pub async fn find(&self, kid: Option<&str>) -> Result<Option<Jwk>, Unauthenticated> {
        match self {
            Self::Inline(set) => Ok(pick(set, kid)),
            Self::Url { fetched, .. } => {
                let known = fetched.get(|| self.fetch()).await?;
                if let Some(key) = pick(&known, kid) {
                    return Ok(Some(key));
                }
                let fresh: Arc<JwkSet> = fetched.get_within(REFETCH, || self.fetch()).await?;
                Ok(pick(&fresh, kid))
            }
        }
    }

    async fn fetch(&self) -> Result<JwkSet, Unauthenticated> {
        let Self::Url { url, client, .. } = self else { return Err(Unauthenticated::KeysUnavailable) };
        let answer = async { client.get(url).send().await?.error_for_status()?.json().await };
        answer.await.map_err(|error: reqwest::Error| {
            tracing::error!(error = telemetry::chain(&error), "the issuer's keys cannot be read");
            Unauthenticated::KeysUnavailable
        })
    }
}

fn pick(set: &JwkSet, kid: Option<&str>) -> Option<Jwk> {
    match (kid, set.keys.as_slice()) {
        (Some(kid), _) => set.find(kid).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    }
}

//! A cache of templates in one process. A cached template is at most one minute old.

use std::sync::Arc;

use super::{Store, StoreError};
use crate::{
    cache::{A_MINUTE, CachedMap},
    clock::Clock,
    domain::Content,
    render::VersionedTemplate,
};

/// The templates that a process has read in the last minute. A template that was not found is not cached.
#[derive(Debug)]
pub struct Templates(CachedMap<String, VersionedTemplate>);

impl Templates {
    /// An empty cache.
    pub fn new(clock: Clock) -> Self {
        Self(CachedMap::new(A_MINUTE, clock))
    }

    /// The template of a notification's content. `None` if the content names no template, or the template does not
    /// exist.
    pub async fn of(&self, store: &Store, content: &Content) -> Result<Option<Arc<VersionedTemplate>>, StoreError> {
        match content {
            Content::Inline { .. } | Content::OfRun(_) => Ok(None),
            Content::Template { template_code, .. } => self.get(store, template_code).await,
        }
    }

    /// The template of this code, or `None` if there is none. Costs one call if the cache does not have it.
    pub async fn get(&self, store: &Store, code: &str) -> Result<Option<Arc<VersionedTemplate>>, StoreError> {
        self.0.get(&code.to_owned(), || store.template(code)).await
    }
}

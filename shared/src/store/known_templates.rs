//! Templates as a process knows them: at most a minute old.

use std::sync::Arc;

use super::{Store, StoreError};
use crate::{
    cache::{A_MINUTE, CachedMap},
    clock::Clock,
    domain::Content,
    render::Template,
};

/// The templates that a process has read in the last minute. That there is none is not kept.
#[derive(Debug)]
pub struct Templates(CachedMap<Template>);

impl Templates {
    /// None is known yet.
    pub fn new(clock: Clock) -> Self {
        Self(CachedMap::new(A_MINUTE, clock))
    }

    /// The template that a notification is put into words by, where it has one and that is there.
    pub async fn of(&self, store: &Store, content: &Content) -> Result<Option<Arc<Template>>, StoreError> {
        match content {
            Content::Inline { .. } => Ok(None),
            Content::Template { template_code, .. } => self.get(store, template_code).await,
        }
    }

    /// A template; one call where it is not known, and `None` where there is none.
    pub async fn get(&self, store: &Store, code: &str) -> Result<Option<Arc<Template>>, StoreError> {
        self.0.get(code, || async { Ok(store.template(code).await?.map(|stored| stored.template)) }).await
    }
}

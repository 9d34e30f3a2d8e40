//! Optimistic writes: they are tried without a look at what is stored, and made to fit it once a refusal has shown it.
//!
//! This is the one way in which a change is merged that depends on what is stored: a user's custom fields and the free-form settings.
//! A [`Merge`] says by what write it would be done, as far as it knows; [`Store::merge`] sends the write, and shows it what stood there
//! instead where the write is refused.

mod document;

use std::future::Future;

use super::{
    Item, Store,
    error::{Refused, StoreError},
    expression::Rendered,
    table::Key,
    write::Write,
};

pub(super) use document::{Places, places, whole};

/// The next try of a change.
#[derive(Debug, PartialEq)]
pub(super) enum Attempt<Done> {
    /// By this write.
    Write(Write),
    /// By this write where it fits into one expression of DynamoDB, else as [`Merge::otherwise`] says.
    IfItFits(Write),
    /// By a look at the item first.
    Look,
    /// Not at all: this is done already.
    Done(Done),
}

/// A change that depends on what is stored, and what is known of that.
pub(super) trait Merge: Send + Sync {
    /// How often it is tried before its sender is told to wait.
    const MAX_ROUNDS: u32;
    /// What others do when it cannot be done, for the log.
    const BUSY: &'static str;
    /// The answer.
    type Done: Send;
    /// Why it is not done.
    type Error: From<StoreError>;

    /// Whether it was tried for so long that its sender must be told now.
    fn is_late(&self) -> bool {
        false
    }

    /// The next try, by what is known so far.
    fn attempt(&self) -> Result<Attempt<Self::Done>, Self::Error>;

    /// The next try where the write of `attempt` is too large for one expression. It must not depend on the size again.
    fn otherwise(&self) -> Result<Attempt<Self::Done>, Self::Error>;

    /// Learns from the item that a look has found; it is empty where there is none.
    fn looked(&mut self, store: &Store, item: Item) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Learns from the item that refused a write; it is empty where there is none. It may be able to do the rest itself.
    fn refused(
        &mut self,
        store: &Store,
        item: Item,
    ) -> impl Future<Output = Result<Option<Self::Done>, Self::Error>> + Send;

    /// What a write has answered.
    fn written(&self, item: Item) -> Result<Self::Done, Self::Error>;

    /// Whether the item that refuses a write is what that same write has made of it, where its answer was lost and it bears
    /// no mark.
    fn is_own(&self, _: &Item) -> bool {
        false
    }
}

/// An attempt, once it is known whether it fits.
enum Next<Done> {
    Send(Box<(Write, Rendered)>),
    Look,
    Done(Done),
}

fn next<M: Merge>(merge: &M) -> Result<Next<M::Done>, M::Error> {
    let attempt = match merge.attempt()? {
        Attempt::IfItFits(write) => {
            let rendered = write.render();
            if rendered.fits() {
                return Ok(Next::Send(Box::new((write, rendered))));
            }
            merge.otherwise()?
        }
        attempt => attempt,
    };
    Ok(match attempt {
        Attempt::Write(write) | Attempt::IfItFits(write) => {
            let rendered = write.render();
            Next::Send(Box::new((write, rendered)))
        }
        Attempt::Look => Next::Look,
        Attempt::Done(done) => Next::Done(done),
    })
}

impl Store {
    /// Tries a change until it is done, or cannot be, or was tried often enough.
    pub(super) async fn merge<M: Merge>(&self, key: &Key, mut merge: M) -> Result<M::Done, M::Error> {
        for _ in 0..M::MAX_ROUNDS {
            if merge.is_late() {
                break;
            }
            match next(&merge)? {
                Next::Done(done) => return Ok(done),
                Next::Look => {
                    let item = self.get(key).await?.unwrap_or_default();
                    merge.looked(self, item).await?;
                }
                Next::Send(sent) => {
                    let (write, rendered) = *sent;
                    let sent = self.send(key, &write, rendered, &|item| merge.is_own(item)).await;
                    match sent {
                        Ok(item) => return merge.written(item),
                        Err(Refused::Error(error)) => return Err(error.into()),
                        Err(Refused::Condition(item)) => {
                            if let Some(done) = merge.refused(self, item).await? {
                                return Ok(done);
                            }
                        }
                    }
                }
            }
        }
        Err(StoreError::Unavailable(M::BUSY.into()).into())
    }
}

//! Optimistic writes. The first try is made without a read of the item. A refusal carries the item, and the next try is
//! made to fit it.
//!
//! User changes and changes of free-form settings are made in this way. A [`Merge`] gives the next write, by what it
//! knows of the item. [`Store::merge`] sends that write. If the write is refused, it gives the item to the [`Merge`].

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
    /// Send this write.
    Write(Write),
    /// Send this write if it fits into one expression of DynamoDB. Else do what [`Merge::otherwise`] says.
    IfItFits(Write),
    /// Read the item first.
    Look,
    /// Send nothing: the change is done already, with this answer.
    Done(Done),
}

/// A change that depends on the stored item, and what is known of that item.
pub(super) trait Merge: Send + Sync {
    /// The most tries before the caller is told that the table is busy.
    const MAX_ROUNDS: u32;
    /// The text of the error after the last try, for the log.
    const BUSY: &'static str;
    /// The answer.
    type Done: Send;
    /// Why the change is not done.
    type Error: From<StoreError>;

    /// Whether the tries took so long that the caller must get an answer now.
    fn is_late(&self) -> bool {
        false
    }

    /// The next try. It depends on what is known of the item so far.
    fn attempt(&self) -> Result<Attempt<Self::Done>, Self::Error>;

    /// The next try if the write of `attempt` is too large for one expression. This write is sent without a check of
    /// its size.
    fn otherwise(&self) -> Result<Attempt<Self::Done>, Self::Error>;

    /// Learns from an item that was read. The item is empty if there is none.
    fn looked(&mut self, store: &Store, item: Item) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Learns from the item that refused a write. The item is empty if there is none. If this does the rest of the
    /// change itself, it returns the answer.
    fn refused(
        &mut self,
        store: &Store,
        item: Item,
    ) -> impl Future<Output = Result<Option<Self::Done>, Self::Error>> + Send;

    /// Makes the answer from what a successful write has returned.
    fn written(&self, item: Item) -> Result<Self::Done, Self::Error>;
}

/// An attempt after the check of its size.
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
    /// Tries a change until it is done, or cannot be done, or has had its most tries or its longest time.
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
                    match self.send(key, &write, rendered).await {
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

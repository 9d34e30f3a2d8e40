//! Entries that are put into inboxes, and taken back.
//!
//! An entry is one write unit. A transaction with its user would take four: two for each of its two items
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>). So whoever has written an entry looks at
//! the user afterwards, and takes the entry back if the user was erased meanwhile. What a writer leaves behind that dies before this look,
//! the erasure finds when it looks again ([`Store::resume_erasure`]).

use std::collections::HashSet;

use super::{
    Condition, DeliveryKey, Key, Store, StoreError,
    deliveries::{is_cancelled, unsent},
    inbox, retry, table,
    transaction::Cancelled,
};
use crate::domain::{Channel, InboxEntry, Timestamp, UserId};

/// The most tries to take an entry back, if other writes of its delivery get in the way.
const ROUNDS: u32 = 6;

/// An entry, and the user in whose inbox it is.
pub type Addressed = (UserId, InboxEntry);

/// The result of writing an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivered {
    /// The entry is in the inbox at this place. This call or an earlier one has written it.
    At(String),
    /// There is no such user, or the user was erased.
    NoUser,
}

impl Store {
    /// Puts an entry into a user's inbox, by a write and a read. An entry that is there already stays as it is, because the user may have
    /// changed it.
    pub async fn put_inbox(&self, to: &Addressed) -> Result<Delivered, StoreError> {
        let (user, entry) = to;
        self.put_if(inbox::item(*user, entry)?, &Condition::Missing(table::PK.into())).await?;
        Ok(self.kept([to]).await?.pop().unwrap_or(Delivered::NoUser))
    }

    /// Puts entries into inboxes, at most [`MAX_INSERTS`](super::MAX_INSERTS), each at another place: by one call that writes and one that
    /// reads. The results have the order of the entries. A result is `None` if the entry is there already, or the table could not write it
    /// now: then call [`Store::put_inbox`] for it.
    ///
    /// After an error some entries may have been written. Call `put_inbox` for each.
    pub async fn put_inboxes(&self, entries: &[&Addressed]) -> Result<Vec<Option<Delivered>>, StoreError> {
        let items = entries.iter().map(|(user, entry)| inbox::item(*user, entry)).collect::<Result<Vec<_>, _>>()?;
        let is_written = self.insert(items).await?;
        let written = entries.iter().zip(&is_written).filter_map(|(entry, is_written)| is_written.then_some(*entry));
        let mut kept = self.kept(written).await?.into_iter();
        Ok(is_written.into_iter().map(|is_written| if is_written { kept.next() } else { None }).collect())
    }

    /// Where these entries are, which were just written, in the same order. Those of users who are not there any more are taken back. An
    /// erasure that begins after this look finds what was written.
    async fn kept(&self, written: impl IntoIterator<Item = &Addressed>) -> Result<Vec<Delivered>, StoreError> {
        let written: Vec<_> = written.into_iter().collect();
        let users: HashSet<_> = written.iter().map(|(user, _)| Key::user(*user)).collect();
        let users = self.by_key(users).await?;
        let mut kept = Vec::with_capacity(written.len());
        for (user, entry) in written {
            let place = inbox::place(entry);
            let is_there = users.get(&Key::user(*user)).is_some_and(|user| !user.contains_key(table::ERASED_AT));
            kept.push(if is_there {
                Delivered::At(place)
            } else {
                self.delete(&Key::inbox(*user, &place)).await?;
                Delivered::NoUser
            });
        }
        Ok(kept)
    }

    /// Takes an entry back whose delivery has ended without being sent, for example because it was cancelled while its worker wrote the
    /// entry. `due` is the entry's time. Does nothing if the delivery was sent or may still be sent, also if somebody opens it again
    /// meanwhile.
    ///
    /// `is_in_doubt` says that the entry may still come. Then a delivery that somebody has cancelled is marked as ambiguous, and so is one
    /// whose entry is there. Any other was marked by the worker that ended it, if that worker had a doubt.
    pub async fn take_back(
        &self,
        user: UserId,
        due: Timestamp,
        delivery: DeliveryKey,
        is_in_doubt: bool,
    ) -> Result<(), StoreError> {
        if delivery.channel != Channel::InApp {
            return Ok(());
        }
        let (record, entry) = (delivery.key(), Key::inbox(user, &table::inbox_place(due, delivery.id)));
        let found = self.by_key([record.clone(), entry.clone()]).await?;
        let Some(ended) = found.get(&record).filter(|ended| unsent().holds(ended)) else { return Ok(()) };
        let is_there = found.contains_key(&entry);
        if is_in_doubt && (is_there || is_cancelled(ended)) {
            self.mark_ambiguous(delivery).await?;
        }
        if !is_there {
            return Ok(());
        }
        let parts = vec![self.check_part(&record, &unsent())?, self.delete_part(&entry, None)?];
        for round in 1..=ROUNDS {
            match self.transact(parts.clone()).await? {
                Ok(()) | Err(Cancelled::Part(_)) => return Ok(()),
                Err(Cancelled::Conflict) => retry::pause(round, &self.clock, &self.random).await,
            }
        }
        Err(StoreError::Unavailable("others keep changing this delivery".into()))
    }
}

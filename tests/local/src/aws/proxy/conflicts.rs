//! Transactions and other writes that meet on an item
//! (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html#transaction-conflict-handling>):
//! a write is refused while a transaction is at work on its item. A transaction is cancelled while another one, or a write, is.
//! `BatchWriteItem` is in the way of transactions, and is not refused itself: that page does not name it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::writes::Form;
use crate::aws::schema::Key;

/// How long a transaction is at work on its items at least. DynamoDB's two phases take longer than the emulator.
pub(super) const TRANSACTION: Duration = Duration::from_millis(5);

/// The calls that are at work.
#[derive(Debug, Default, Clone)]
pub(super) struct Conflicts(Arc<Mutex<Items>>);

/// How many calls are at work on each item: transactions, and other writes.
type Items = HashMap<Key, [usize; 2]>;

/// A call that is at work on its items until this is dropped.
#[derive(Debug)]
pub(super) struct AtWork {
    all: Conflicts,
    kind: usize,
    keys: Vec<Key>,
}

impl Conflicts {
    /// Begins a call. Returns the places of the items that others are at work on; the call goes on without these.
    pub(super) fn begin(&self, form: Form, keys: &[Option<Key>], only_reads: bool) -> (AtWork, Vec<usize>) {
        let mut items = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_taken = |key: &Key| {
            let [transactions, writes] = items.get(key).copied().unwrap_or_default();
            match form {
                Form::Single | Form::Statements => transactions > 0,
                Form::Transaction => transactions + writes > 0,
                Form::Batch => false,
            }
        };
        let taken = keys.iter().enumerate().filter(|(_, key)| key.as_ref().is_some_and(is_taken));
        let taken: Vec<_> = taken.map(|(place, _)| place).collect();
        let stays = |place: &usize| !taken.contains(place);
        let nothing = only_reads || (form == Form::Transaction && !taken.is_empty());
        let mine = keys.iter().enumerate().filter(|(place, _)| !nothing && stays(place));
        let mine: Vec<_> = mine.filter_map(|(_, key)| key.clone()).collect();
        let kind = usize::from(form != Form::Transaction);
        for key in &mine {
            items.entry(key.clone()).or_default()[kind] += 1;
        }
        (AtWork { all: self.clone(), kind, keys: mine }, taken)
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        let mut items = self.all.0.lock().unwrap_or_else(PoisonError::into_inner);
        for key in &self.keys {
            if let Some(calls) = items.get_mut(key) {
                calls[self.kind] = calls[self.kind].saturating_sub(1);
                if *calls == [0, 0] {
                    items.remove(key);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(names: &[&str]) -> Vec<Option<Key>> {
        names.iter().map(|name| Some(((*name).to_owned(), None))).collect()
    }

    #[test]
    fn whoever_comes_second_is_refused() {
        let conflicts = Conflicts::default();
        let begin = |form, names: &[&str]| conflicts.begin(form, &keys(names), false);
        let (transaction, taken) = begin(Form::Transaction, &["a", "b"]);
        assert!(taken.is_empty());
        assert_eq!(begin(Form::Single, &["a"]).1, [0], "a write of its item");
        assert!(begin(Form::Single, &["c"]).1.is_empty());
        assert_eq!(begin(Form::Statements, &["c", "b"]).1, [1], "one statement of two");
        assert_eq!(begin(Form::Transaction, &["c", "b"]).1, [1], "another transaction");
        assert!(begin(Form::Transaction, &["c"]).1.is_empty(), "the refused one keeps nothing");
        assert!(begin(Form::Batch, &["a"]).1.is_empty());
        drop(transaction);
        let (_write, taken) = begin(Form::Single, &["a"]);
        assert_eq!((taken, begin(Form::Single, &["a"]).1), (vec![], vec![]), "two writes are one after the other");
        assert_eq!(begin(Form::Transaction, &["b", "a"]).1, [1], "a write is in the transaction's way");
    }
}

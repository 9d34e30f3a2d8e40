//! Finds the subscribers to whom a run to a topic is, page by page. Whom a page is for is written once, and never changes.

use futures::{StreamExt, TryStreamExt};

use super::{
    Item, Key, Refused, Store, StoreError, number,
    reads::{KeyRange, vacant},
    recent_keys::RecentKeys,
    run_item::{RECIPIENTS, packed},
    string, table,
};
use crate::domain::{Run, UserId, notification::latest};

/// The attribute of a page of a topic with the place after which the next page begins.
pub(super) const NEXT: &str = "next";
/// How many subscriptions of a topic a page has. Their messages to a channel are 20 calls to SQS.
const SUBSCRIBERS: usize = 200;
impl Store {
    /// Writes a page of those who were subscribed before the run was accepted, or moments after it, the longest subscribed first. If
    /// another worker has written it, it is as the other worker has found it.
    pub(super) async fn find_subscribers(
        &self,
        run: &Run,
        page: Key,
        partition: String,
        after: Option<&str>,
    ) -> Result<Item, StoreError> {
        let range = KeyRange::timeline(partition).between("0", last_place(run)).after(after);
        // One more tells whether there are more, and one is `after` itself.
        let walk = self.walk(range, SUBSCRIBERS.saturating_add(2), Ok);
        let found: Vec<_> = walk.take(SUBSCRIBERS.saturating_add(1)).try_collect().await?;
        let has_more = found.len() > SUBSCRIBERS;
        let places: Vec<_> = found.into_iter().take(SUBSCRIBERS).map(|found| found.place).collect();
        let user = |place: &String| place.split_once('#').and_then(|(_, id)| UserId::parse(id));
        let users: Vec<_> = places.iter().filter_map(user).collect();
        let next = places.into_iter().next_back().filter(|_| has_more);
        self.write_page(run, page, &users, next).await
    }

    /// Writes a page of a topic, and returns it as it is in the table: if it was there, as another worker has written it.
    pub(super) async fn write_page(
        &self,
        run: &Run,
        page: Key,
        users: &[UserId],
        next: Option<String>,
    ) -> Result<Item, StoreError> {
        let mut item = page.attributes();
        item.insert(RECIPIENTS.to_owned(), packed(users));
        item.insert(table::EXPIRES_AT.to_owned(), number(run.spec.kept_until.seconds()));
        if !users.is_empty() {
            item.extend(RecentKeys::of_page(run, &page).attributes());
        }
        if let Some(next) = next {
            item.insert(NEXT.to_owned(), string(next));
        }
        match self.put_on(item.clone(), &vacant(run.spec.created_at)).await {
            Ok(()) => Ok(item),
            Err(Refused::Condition(first)) => Ok(first),
            Err(Refused::Error(error)) => Err(error),
        }
    }
}

/// The place behind all who were subscribed before the run was accepted, by whatever clock: a place is a time, `#` and a user, and `$` is
/// the character after `#`.
fn last_place(run: &Run) -> String {
    format!("{}$", latest(run.spec.created_at))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::store::run_item::tests::{of_topic, run};

    #[test]
    fn who_subscribed_before_a_run_is_its_recipient_also_by_a_clock_that_is_two_seconds_ahead() {
        let run = run(of_topic(), None);
        let place = |millis| {
            format!("{}#{}", run.spec.created_at.plus(Duration::from_millis(millis)), UserId::from_bytes([0xff; 16]))
        };
        assert!(place(0) < last_place(&run) && place(2000) < last_place(&run));
        assert!(place(2001) > last_place(&run));
    }
}

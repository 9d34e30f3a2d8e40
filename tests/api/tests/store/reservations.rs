//! Answers that are kept under an idempotency key: which request may keep one, and until when.

use std::time::Duration;
use uuid::Uuid;

use shared::{
    clock::Clock,
    store::{Reservation, Reserved, SavedAnswer},
};

use super::Table;

#[tokio::test]
async fn an_answer_is_kept_until_its_time_and_a_key_is_free_after_it() {
    let table = Table::new().await;
    let store = &table.store;
    // The times are an hour in the future, so that nothing here has expired by the present time.
    let start = Clock::system().now().plus(Duration::from_secs(3600));
    let at = |seconds| start.plus(Duration::from_secs(seconds));
    let asked = |request: &str, until| Reservation::new("a-key".into(), request.into(), None, until, Uuid::new_v4());
    let first = asked("one", at(10));
    assert_eq!(store.reserve(&first, at(0)).await.unwrap(), Reserved::Started);
    assert_eq!(store.reserve(&asked("one", at(15)), at(5)).await.unwrap(), Reserved::Running);
    // The lease has ended: another request may reserve the key. After that the first one can neither keep its answer
    // nor release the key.
    let second = asked("two", at(30));
    assert_eq!(store.reserve(&second, at(20)).await.unwrap(), Reserved::Started);
    let answer = SavedAnswer { status: 200, headers: vec![("etag".into(), "\"2\"".into())], body: "{}".into() };
    assert!(!store.keep_answer(&first, &answer, at(99)).await.unwrap());
    store.release(&first).await.unwrap();
    assert!(store.keep_answer(&second, &answer, at(1000)).await.unwrap());
    assert_eq!(store.reserve(&asked("two", at(999)), at(999)).await.unwrap(), Reserved::Done(answer));
    assert_eq!(store.reserve(&asked("three", at(999)), at(999)).await.unwrap(), Reserved::Conflict);
    let third = asked("three", at(1010));
    assert_eq!(store.reserve(&third, at(1001)).await.unwrap(), Reserved::Started);
    store.release(&third).await.unwrap();
    assert_eq!(store.reserve(&asked("four", at(1020)), at(1002)).await.unwrap(), Reserved::Started);
    table.shutdown().await;
}

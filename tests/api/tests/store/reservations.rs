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
    const DAY: u64 = 24 * 60 * 60;
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
    store.keep_answer(&first, &answer, None, at(20)).await.unwrap();
    assert_eq!(
        store.reserve(&asked("two", at(25)), at(21)).await.unwrap(),
        Reserved::Running,
        "it is not the first one's"
    );
    store.release(&first).await.unwrap();
    store.keep_answer(&second, &answer, None, at(20)).await.unwrap();
    assert_eq!(store.reserve(&asked("two", at(999)), at(999)).await.unwrap(), Reserved::Done { answer, owner: None });
    assert_eq!(store.reserve(&asked("three", at(999)), at(999)).await.unwrap(), Reserved::Conflict);
    let third = asked("three", at(DAY + 40));
    assert_eq!(store.reserve(&third, at(DAY + 21)).await.unwrap(), Reserved::Started);
    store.release(&third).await.unwrap();
    assert_eq!(store.reserve(&asked("four", at(DAY + 50)), at(DAY + 22)).await.unwrap(), Reserved::Started);
    table.shutdown().await;
}

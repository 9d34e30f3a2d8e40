//! The lease on a delivery: one worker at a time, and nobody closes what is not theirs.

use std::time::Duration;

use api::{options, own};
use local::demo;
use shared::{
    domain::{Channel, DeliveryStatus, NotificationId, Reason, Timestamp},
    store::{Claim, Finish, Lease},
};

#[tokio::test]
async fn a_lease_that_ran_out_is_another_s_and_its_first_owner_writes_nothing_more() {
    let (stack, _) = own(options(&[])).await;
    let store = demo::store(stack.emulators().dynamodb_endpoint(), &stack.template().table.name);
    let (id, channel) = (NotificationId::random(), Channel::Push);
    let start = Timestamp::now();
    let after = |seconds| start.plus(Duration::from_secs(seconds));
    let claim = async |lease, now| store.claim(id, channel, lease, after(3600), now).await.unwrap();
    let sent = Finish { status: DeliveryStatus::Sent, reason: None, provider_message_id: Some("first".into()) };
    let failed = Finish::because(DeliveryStatus::Failed, Reason::ProviderRejected);

    let first = Lease::until(after(10));
    assert_eq!(claim(first, start).await, Claim::Started);
    assert_eq!(claim(first, start).await, Claim::Started, "a claim that is repeated is still our own");
    let second = Lease::until(after(30));
    assert_eq!(claim(second, after(4)).await, Claim::InProgress { left: Duration::from_secs(6) });
    let skip = store.conclude(id, channel, &failed, after(3600), after(4)).await.unwrap();
    assert_eq!(skip, Claim::InProgress { left: Duration::from_secs(6) });

    assert_eq!(claim(second, after(11)).await, Claim::Started);
    assert!(!store.finish(id, channel, first, &failed, after(12)).await.unwrap(), "the lease is another's");
    assert!(store.finish(id, channel, second, &sent, after(13)).await.unwrap());
    assert!(!store.finish(id, channel, second, &failed, after(14)).await.unwrap(), "what is finished stays so");
    assert_eq!(claim(Lease::until(after(90)), after(60)).await, Claim::AlreadyDone);
    stack.shutdown().await;
}

//! The record of a claimed delivery is the same whether the delivery was claimed alone or with others.

use std::time::Duration;
use uuid::Uuid;

use serde_json::json;
use shared::{
    clock::Clock,
    domain::{Channel, NotificationId},
    store::{Claim, DeliveryKey, Lease, Refusal, Started},
};

use super::Table;

#[tokio::test]
async fn a_delivery_that_is_claimed_with_others_is_recorded_as_one_that_is_claimed_alone() {
    let table = Table::new().await;
    let store = &table.store;
    let now = Clock::system().now();
    let after = |seconds| now.plus(Duration::from_secs(seconds));
    let key =
        || DeliveryKey { id: NotificationId::from(Uuid::new_v4()), channel: Channel::Sms, kept_until: after(3600) };
    let record = async |delivery: DeliveryKey| {
        let key = json!({
            "pk": {"S": format!("NOTIFICATION#{}", delivery.id)}, "sk": {"S": format!("DELIVERY#{}", delivery.channel)},
        });
        let mut item = table.dynamodb("GetItem", json!({"Key": key})).await["Item"].clone();
        let owner = item.as_object_mut().and_then(|item| item.remove("lease_owner"));
        item.as_object_mut().and_then(|item| item.remove("pk"));
        (item, owner.unwrap())
    };
    let (alone, together, other) = (key(), key(), key());
    let (mine, theirs) = (Lease::new(Uuid::new_v4(), after(10)), Lease::new(Uuid::new_v4(), after(10)));
    let Claim::Started(started) = store.claim(alone, mine, now).await.unwrap() else { panic!("not open") };
    let claims = [(together, mine), (other, theirs)];
    let both: [Option<Started>; 2] = [Some(started.clone()), Some(started.clone())];
    assert_eq!(store.claim_first(&claims, now).await.unwrap(), both);
    let ((one, owner), (two, same), (three, another)) =
        (record(alone).await, record(together).await, record(other).await);
    assert_eq!((&one, &one), (&two, &three));
    assert!(one["attempts"]["N"] == "1" && one["expires_at"].is_object(), "{one}");
    assert_eq!(owner, same);
    assert_ne!(owner, another);

    // The claims are repeated, as if their answer had been lost. The claim of one delivery recognises its own lease and
    // refuses another worker's.
    let third = key();
    assert_eq!(
        store.claim_first(&[(together, mine), (third, mine)], now).await.unwrap(),
        [None, Some(started.clone())]
    );
    assert_eq!(store.claim(together, mine, now).await.unwrap(), Claim::Started(started));
    let later = Refusal::Later { left: Duration::from_secs(10) };
    assert_eq!(store.claim(together, theirs, now).await.unwrap(), Claim::Refused(later));
    table.shutdown().await;
}
